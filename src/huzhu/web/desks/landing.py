"""The landing page of every role: what waits for this person, as figures that open, then the rows themselves."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from huzhu.adjudication import queries as deciding
from huzhu.claims import lifecycle
from huzhu.contributions import queries as contributions
from huzhu.core import money
from huzhu.enrolment.queries import by_cover
from huzhu.insight import figures, waiting
from huzhu.ledger import queries as ledger
from huzhu.members import queries as members
from huzhu.members.accounts import standing
from huzhu.members.lifecycle import Changed
from huzhu.schemes import queries as schemes
from huzhu.setup.queries import Step, checklist
from huzhu.web.access import staff
from huzhu.web.claims.desk import with_amounts
from huzhu.web.desks.spoken import in_words
from huzhu.web.desks.tasks import tasks
from huzhu.web.desks.tiles import Tile, address, counted, of_staff
from huzhu.web.rosters.money import on_the_way
from huzhu.web.setup import publishing

Shown = tuple[str, dict[str, Any]]
CLAIMS = "web:claims"
FIRST = 20  # rows of a queue that stand on the landing page; the list has them all


@require_safe
@staff()
def desk(request: Any) -> HttpResponse:
    """One address for everybody; the role decides what stands there."""
    template, shown = DESKS[request.by.code](request)
    return render(request, template, shown)


def employer(request: Any) -> Shown:
    """An employer's clerk: enrolled ÷ staff, to pay, expiring; claims as states only."""
    found = waiting.covered(request.by, request.today)
    shown = {
        "place": request.by.organisation,
        "states": _by_state(found.states),
        "on_the_way": on_the_way(request.by),
        "tasks": tasks(request),
    }
    return "web/desks/employer.html", _covered(found) | shown


def _by_state(counts: dict[str, int]) -> list[tuple[str, str, int]]:
    """State, its word, how many; in the order of the walk."""
    return [
        (str(state), str(state.label), counts[state]) for state in lifecycle.LIFECYCLE if counts.get(state)
    ]


def county(request: Any) -> Shown:
    """A county's clerk: the same over all its employers, with each of them."""
    found = waiting.covered(request.by, request.today)
    lines = figures.by_employer(figures.lines(request.by.organisation.path, request.today))
    shown = _covered(found)
    shown["tiles"].append(_changes(request))
    return "web/desks/county.html", shown | {"lines": lines, "tasks": tasks(request)}


def _covered(found: waiting.Covered) -> dict[str, Any]:
    first = f"还没有续保，最早 {found.expiring[0].days} 天后" if found.expiring else "没有等续保的"
    claims = sum(
        number for state, number in found.states.items() if state not in {"paid", "refused", "withdrawn"}
    )
    alone = f"另有灵活就业 {found.individuals:,} 人" if found.individuals else ""
    share = figures.percent(found.enrolled, found.staff) if found.staff or not alone else ""
    tiles = [
        Tile(
            "已参保 ÷ 在职",
            f"{found.enrolled:,} / {found.staff:,}",
            "",
            "，".join(filter(None, (share, alone))),
        ),
        Tile(
            "待缴会费",
            money.spoken(found.to_pay_fen),
            "元",
            in_words(found.to_pay_fen)
            if found.to_pay_fen
            else "都缴清了"
            if found.enrolled or found.individuals
            else "还没有名册",
            address("web:dues") if found.to_pay_fen else "",
            "waits" if found.to_pay_fen else "",
        ),
        counted("60 天内到期", found.soon, "人", tone="warns", hint=first, opens=address("web:renewals")),
        counted("名册待确认", found.staged, "份", opens=address("web:rosters"), hint="确认后才算参保"),
        counted("在办的给付申请", claims, "件", tone="", opens=address(CLAIMS)),
    ]
    return {"tiles": tiles, "found": found, "words": in_words(found.to_pay_fen)}


def agency(request: Any) -> Shown:
    """The agency: due today, waiting for papers, overdue, untouched; then its own queue."""
    found = waiting.intake(request.by, request.now, request.today)
    tiles = [
        counted("已超时", len(found.overdue), "件", tone="late", opens="#overdue"),
        counted("今天到期", len(found.due_today), "件", tone="warns", opens="#due"),
        counted("等您初审", len(found.mine), "件", opens="#mine"),
        counted("2 天没有动过", len(found.untouched), "件", tone="warns", opens="#mine"),
        counted("等补材料", len(found.returned), "件", tone="", opens="#returned", hint="停表中"),
        _changes(request),
        counted("已报省办和财务", len(found.upstairs), "件", tone="", opens="#upstairs"),
        counted(
            "回单待登记",
            contributions.slips_waiting(request.by).count(),
            "张",
            opens=address("web:dues") + "#slips",
        ),
    ]
    parts = [
        ("overdue", "已超时", "overdue=1", found.overdue, "没有超时的申请。"),
        ("due", "今天到期", "", found.due_today, "今天没有到期的申请。"),
        (
            "mine",
            "等您初审",
            "state=submitted",
            found.mine,
            "没有等初审的申请。职工在手机上提交，或您在柜台受理后，会出现在这里。",
        ),
        ("returned", "等补材料（停表）", "state=returned", found.returned, "没有在等材料的申请。"),
        ("upstairs", "已上报，在省办或财务", "", found.upstairs, "没有在上面办理的申请。"),
    ]
    firsts = [(claim, clock) for *_, pairs, _ in parts for claim, clock in pairs[:FIRST]]
    priced = {row[0].pk: row for row in with_amounts(firsts)}
    shown = [
        (key, words, [priced[claim.pk] for claim, _ in pairs[:FIRST]], len(pairs), none, more)
        for key, words, more, pairs, none in parts
    ]
    return "web/desks/agency.html", {"tiles": tiles, "parts": shown, "tasks": tasks(request)}


def _changes(request: Any) -> Tile:
    """Corrections and changed accounts that wait for this person."""
    changes = members.account_changes(request.by, request.now)
    accounts = sum(standing(one, request.now) == Changed.WAITING for one in changes)
    number = members.corrections_to_settle(request.by).count() + accounts
    return counted("资料变更待办", number, "件", opens=address("web:changes"), hint="更正和换账户")


def reviewer(request: Any) -> Shown:
    """The province: urgent on top, then by working hours left."""
    rows = deciding.queue(request.by, request.now)
    urgent = [pair for pair in rows if pair[0].is_urgent]
    late = [pair for pair in rows if pair[1].overdue]
    tight = [pair for pair in rows if pair[1].hours_left is not None and 0 <= pair[1].hours_left <= 8]
    is_second = request.by.code == "second_reviewer"
    tiles = [
        counted("等您复核" if is_second else "等您核定", len(rows), "件", opens="#queue"),
        counted("加急", len(urgent), "件", tone="warns", opens="#queue", hint="上报当天办完"),
        counted("一个工作日内到期", len(tight), "件", tone="warns", opens="#queue"),
        counted("已超时", len(late), "件", tone="late", opens="#queue"),
    ]
    if automatic := _automatic(request.by, is_second=is_second):
        tiles.append(automatic)
    if changes := deciding.changes_waiting_for(request.by).count():
        words = "更正等您确认" if is_second else "医保结算有变动，等您重算"
        tiles.append(counted(words, changes, "件", tone="warns", opens=address("web:corrections", mine="1")))
    shown = {"tiles": tiles, "rows": with_amounts(rows[:FIRST]), "count": len(rows), "is_second": is_second}
    return "web/desks/queue.html", shown


def _automatic(by: Any, *, is_second: bool) -> Tile | None:
    """What waits for this person's word in 免申即享; nothing where nothing does."""
    run = deciding.open_run(by)
    if is_second and run and run.state == "proposed":
        opens = address("web:automatic-run", run.pk)
        return counted("免申即享等您确认", run.found_count, "件", tone="warns", opens=opens)
    if not is_second and run is None and (count := deciding.bureau_waiting(by).count()):
        return counted("医保数据等您发起", count, "件", tone="warns", opens=address("web:automatic"))
    return None


def paying(request: Any) -> Shown:
    """The payment desk: to pay, in doubt, sent back."""
    found = waiting.money(request.by, request.now)
    maker = request.by.code == "payment_maker"
    tiles = [
        counted("已核定，等排款", found.unscheduled, "件", opens=address("web:payouts")),
        Tile(
            "待发放",
            money.spoken(found.scheduled_fen),
            "元",
            f"{found.scheduled} 笔，等制单",
            address("web:payouts"),
            "waits" if maker and found.scheduled else "",
        ),
        counted(
            "等放行的批次",
            found.made_count,
            "批",
            opens="#made",
            hint=f"{money.spoken(found.made_fen)} 元",
            tone="waits",
        ),
        counted("已送银行，等回盘", found.released_count, "批", opens="#released", tone="warns"),
        counted("存疑，等查明", found.doubts, "笔", opens=address("web:payouts") + "#doubts", tone="late"),
        counted("银行退回", found.failed_count, "笔", opens="#failed", tone="late"),
    ]
    if found.held:
        hint = f"{money.spoken(found.held_fen)} 元，打开看差什么"
        tiles.insert(
            2,
            counted("现在不能发放", found.held, "笔", tone="warns", opens=address("web:payouts"), hint=hint),
        )
    if number := ledger.manual_vouchers(request.by).filter(state="proposed").count():
        tiles.append(counted("手工凭证等确认", number, "张", opens=address("web:purses", state="proposed")))
    if found.owed_fen:
        hint = f"{found.owed} 笔，从以后的互助金抵扣"
        tiles.append(
            Tile("待收回", money.spoken(found.owed_fen), "元", hint, address("web:receivables", state="open"))
        )
    if found.said:
        tiles.append(
            counted(
                "收回等确认",
                found.said,
                "笔",
                tone="" if maker else "waits",
                opens=address("web:receivables"),
            )
        )
    return "web/desks/paying.html", {"tiles": tiles, "found": found, "maker": maker}


def auditor(request: Any) -> Shown:
    """What changed since the last sign-in."""
    before = request.session.get("before")
    found = waiting.trail(request.by, datetime.fromisoformat(before) if before else None)
    tiles = [
        counted("上次登录以来的变动", found.total, "条", opens=address("web:trail"), tone="waits"),
        counted(
            "看过全文（身份证、账号等）",
            found.reveals,
            "次",
            tone="warns",
            opens=address("web:trail", kind="reveal"),
        ),
        Tile("已封存到", f"{found.sealed_upto:,}", "条", f"共 {found.last:,} 条，封存后改动会被发现"),
    ]
    return "web/desks/auditor.html", {"tiles": tiles, "found": found}


def leader(request: Any) -> Shown:
    """Four figures, then the ranking, each row opening to its own."""
    found = figures.figures(request.by, request.today)
    places = figures.by_place(found.lines, request.by)
    tiles = [
        Tile(
            "参保覆盖",
            found.coverage,
            "",
            of_staff(found),
            address("web:numbers"),
        ),
        Tile(
            "会费到账",
            money.spoken(found.fees_fen),
            "元",
            f"{found.joined_employers} 家单位",
            address("web:numbers", by="employer"),
        ),
        Tile(
            "帮助了",
            f"{found.helped:,}",
            "人",
            f"共 {money.spoken(found.paid_fen)} 元",
            address("web:payments"),
        ),
        Tile(
            "材料齐全到到账",
            found.mean_days,
            "个工作日",
            f"平均，{found.timed} 件；承诺 3 个工作日",
            address("web:payments"),
        ),
    ]
    kinds = figures.by_sector(found.lines)
    shown = {"tiles": tiles, "found": found, "places": places, "kinds": kinds}
    return "web/desks/leader.html", shown


def cadre(request: Any) -> Shown:
    """People in hardship of the branch, and whether each has cover."""
    people = waiting.in_hardship(request.by)
    without = by_cover(people, request.by, request.today, "none").count()
    first = list(people[:FIRST])
    held = waiting.cover_of(first, request.today)
    number = people.count()
    tiles = [
        counted("困难职工", number, "人", tone="", opens=address("web:members", hardship="1")),
        counted(
            "没有保障的",
            without,
            "人",
            tone="warns",
            hint="可以动员单位或资助人缴纳",
            opens=address("web:members", hardship="1", cover="none"),
        ),
    ]
    rows = [(person, person.pk in held) for person in first]
    return "web/desks/cadre.html", {"tiles": tiles, "rows": rows, "count": number}


def policy(request: Any) -> Shown:
    """What waits for a second person, what lies on the shelf unpublished, what is published."""
    proposals = schemes.proposals(request.by)
    waiting = list(proposals.filter(state="waiting"))
    others = [one for one in waiting if one.proposed_by.user_id != request.by.user_id]
    known = list(schemes.published())
    waits = {one.identity for one in waiting}
    shelf = [(edition, row, edition.identity in waits) for edition, row in publishing.on_the_shelf()]
    unpublished = sum(row is None for _, row, _ in shelf)
    tiles = [
        counted("等您确认公布", len(others), "个", tone="warns", opens="#waiting"),
        counted("您提出的，等别人确认", len(waiting) - len(others), "个", tone="", opens="#waiting"),
        counted("文件夹里还没有公布", unpublished, "个", tone="waits", opens="#shelf"),
        counted("已公布的版次", len(known), "个", tone="", opens="#published"),
    ]
    settled = proposals.filter(state__in=("sent_back", "withdrawn"))[:5]
    shown = {"tiles": tiles, "waiting": waiting, "settled": settled, "published": known, "shelf": shelf}
    return "web/desks/policy.html", shown


def administrator(request: Any) -> Shown:
    """The house: what is still missing to be in business, then places, logins, messages, acts."""
    found = waiting.house(request.by)
    steps = [(step, _where(step)) for step in checklist(request.by)]
    tiles = [
        counted("机构", sum(found.kinds.values()), "个", tone="", opens=address("web:places")),
        counted("登录名", found.users, "个", tone="", opens=address("web:people")),
        counted("发件箱", found.notices, "条", tone="", opens=address("web:outbox")),
        counted("审计记录", found.events, "条", tone="", opens=address("web:trail")),
    ]
    shown = {"tiles": tiles, "found": found, "steps": steps, "left": sum(not step.done for step, _ in steps)}
    return "web/desks/administrator.html", shown


def _where(step: Step) -> str:
    """The page a missing thing is made on; publishing is not the administrator's."""
    if step.page == "place":
        return address("web:new-place", kind=step.wants)
    return address("web:invite", role=step.wants) if step.page == "people" else ""


DESKS: dict[str, Callable[[Any], Shown]] = {
    "employer_clerk": employer,
    "county_clerk": county,
    "agency_clerk": agency,
    "reviewer": reviewer,
    "second_reviewer": reviewer,
    "payment_maker": paying,
    "payment_releaser": paying,
    "auditor": auditor,
    "leader": leader,
    "cadre": cadre,
    "policy": policy,
    "administrator": administrator,
}
