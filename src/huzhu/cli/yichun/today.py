"""What stands open on 2022-11-30, so that every desk has something to do."""

import json
from datetime import date, timedelta
from itertools import chain, islice
from random import Random
from typing import Any

import typst

from huzhu.adjudication import automatic, bureau, correcting, replaying
from huzhu.adjudication import services as adjudication
from huzhu.claims import queries as seen
from huzhu.claims import reversals
from huzhu.claims import services as claims
from huzhu.claims.bureau import Record
from huzhu.cli.yichun.cast import Cast
from huzhu.cli.yichun.claiming import Case, Walk
from huzhu.cli.yichun.people import PLEDGED, Registry
from huzhu.cli.yichun.places import Tree
from huzhu.cli.yichun.rosters import BANKS, STORY_DAY, as_csv, as_excel, moment
from huzhu.cli.yichun.rosters import Joined as Who
from huzhu.cli.yichun.year import Year
from huzhu.contributions import matching, queries, refunds, repaying, unpaid
from huzhu.contributions import services as contributions
from huzhu.contributions.slips import upload
from huzhu.core.money import spoken
from huzhu.enrolment import services as enrolment
from huzhu.enrolment.paper import FONTS, PRELUDE
from huzhu.enrolment.slices import quietly
from huzhu.members import consents, corrections, hardship, signed_lists
from huzhu.members import services as members
from huzhu.members.queries import by_numbers
from huzhu.payouts import differences
from huzhu.payouts import services as payouts
from huzhu.schemes import services as schemes
from huzhu.users import exports

TODAY = date(2022, 11, 30)
IN_HARDSHIP, WITHOUT_COVER = 415, 18


def november(day: int, hour: int = 10, minute: int = 0) -> Any:
    return moment(date(2022, 11, day), hour, minute)


def record(file: int, number: int, case: Case) -> Record:
    """A line of the bureau's file; every fourth does not add up, as such files go."""
    figures = dict(case.illness.figures)
    if number % 4 == 3:
        figures["acct_pay"] = "0.01"
    return Record(
        row=number,
        setl_id=f"2307{case.discharged_on:%Y%m%d}9{file:02d}{number:03d}",
        certno=case.who.number,
        name=case.who.name,
        admitted_on=case.admitted_on,
        discharged_on=case.discharged_on,
        settled_at=moment(case.discharged_on, 10, 30),
        hospital=case.illness.hospital,
        grade=case.illness.grade,
        figures=figures,
    )


class Today:
    """The open claims: money first, since each batch takes all that is decided before it."""

    def __init__(self, walk: Walk, year: Year, waiting: list[Who], seed: Random) -> None:
        self.walk, self.year, self.seed = walk, year, seed
        here = [one for one in waiting if one.starts_on == STORY_DAY]
        elsewhere = [one for one in waiting if STORY_DAY < one.starts_on < date(2022, 9, 10)]
        # every third open claim comes from the story's employer, so that its clerk sees how they stand
        self.waiting = chain.from_iterable(zip(elsewhere[::2], here, elsewhere[1::2], strict=False))

    def run(self) -> None:
        self._at_the_bank()
        self._decided()
        self._at_the_province()
        self._at_the_agency()
        self._from_the_bureau()
        self._taken_back()

    def _taken(
        self, day: int, hour: int = 10, *, fen: int = 0, grave: bool = False, lacking: tuple[str, ...] = ()
    ) -> Any:
        """A claim handed in on this day of November."""
        amount = fen or 3 * self.seed.randint(20_000, 120_000)
        case = self.year.case(
            next(self.waiting), amount, grave=grave, admitted_on=date(2022, 10, self.seed.randint(24, 31))
        )
        return self.walk.take(case, november(day, hour, self.seed.randint(0, 20)), lacking=lacking)

    def _reported(self, day: int, hour: int = 15, **more: Any) -> Any:
        claim = self._taken(day, **more)
        self.walk.report(claim, november(day, hour))
        return claim

    def _paid_for(self, day: int, next_day: int, how_many: int) -> None:
        for _ in range(how_many):
            self.walk.decide(self._reported(day), november(next_day, 9, 30))

    def _at_the_bank(self) -> None:
        self._paid_for(24, 25, 1)
        failed = self.walk.send(self.walk.batch(november(25, 14)), november(25, 15))
        self.walk.answer(failed, november(28, 9, 40), fail_lines=(1,))
        self._paid_for(25, 28, 3)
        self.walk.send(self.walk.batch(november(29, 9, 10)), november(29, 16, 30))
        self._paid_for(28, 29, 2)
        self.walk.batch(november(29, 17))
        self._paid_for(28, 29, 2)
        payouts.schedule(at=november(29, 17, 20))

    def _decided(self) -> None:
        self._paid_for(28, 29, 3)
        for fen in (
            1_140_000,
            1_260_000,
        ):  # with the critical benefit over the limit: a second person's word is wanted
            claim = self._reported(28, fen=fen, grave=True)
            self.walk.decide(claim, november(29, 11), confirm=False)
        refused = self._reported(23, grave=False)
        adjudication.decide(
            claim=refused,
            verdict="refuse",
            reason="这次住院的费用已由工伤保险全部支付，没有个人自付，依据工伤结算单。",
            by=self.walk.cast.zhang,
            at=november(25, 10),
        )

    def _at_the_province(self) -> None:
        urgent = self._taken(29, 14)
        claims.set_urgent(
            claim=urgent, reason="出院欠费，家属在医院等钱", by=self.walk.cast.sun, at=november(29, 15)
        )
        self.walk.report(urgent, november(30, 8, 40))
        self._reported(25, 16)
        for day in (28, 28, 29):
            self._reported(day)
        doubtful = self._taken(29)
        self.walk.report(
            doubtful, november(29, 16), "结算单和票据的住院日期差一天，请省办核对后再定。", supports=False
        )

    def _from_the_bureau(self) -> None:
        """Two files: the first was decided together yesterday, the second waits for the second person's word."""
        cast, seed = self.walk.cast, self.seed
        files = [list(islice(self.waiting, count)) for count in (6, 9)]
        for people, at in zip(files, (november(28, 16), november(30, 8, 10)), strict=True):
            cases = [
                self.year.case(
                    who, 3 * seed.randint(20_000, 120_000), grave=False, admitted_on=date(2022, 11, 7)
                )
                for who in people
            ]
            if people is files[0]:
                for one in by_numbers([who.number for who in people]).values():
                    consents.agree(member=one, edition=consents.EDITION, at=at - timedelta(days=3))
            else:
                self._signed_together(people)
            found = [record(at.day, number, case) for number, case in enumerate(cases, start=2)]
            bureau.take_in(found=found, by=cast.zhu, at=at, tell=quietly)
            run = automatic.start(by=cast.zhang, at=at + timedelta(minutes=20))
            automatic.review(run=run, by=cast.zhang, at=at + timedelta(minutes=21), tell=quietly)
            if people is files[0]:
                then = {"by": cast.chen, "at": at + timedelta(minutes=40)}
                shown = run.found_count, run.found_fen
                automatic.settle(run=run, agree=True, reason="样本都看过", shown=shown, **then)
                automatic.take_effect(run=run, tell=quietly, **then)

    def _signed_together(self, people: list[Who]) -> None:
        """What a union handed in: a list of those who signed, and the scan of their signatures."""
        rows = [f"{who.name},{who.number},2022-11-25" for who in people]
        signed = [("签字页", "演示，不是真的"), ("签字人数", f"{len(people)} 人"), ("签字日期", "2022-11-25")]
        signed_lists.take(
            data="\n".join(["姓名,身份证号,签字日期", *rows]).encode(),
            name="签字名单.csv",
            paper=("签字页.png", picture(signed)),
            by=self.walk.cast.sun,
            at=november(28, 14),
            tell=quietly,
        )

    def _taken_back(self) -> None:
        """Two stays that were paid and that the bureau took back: one is owed by its member, the other waits for the province."""
        cast = self.walk.cast
        paid = seen.visible_to(cast.sun).filter(state="paid", kinds=["inpatient"]).order_by("-number")
        owed, waits = paid.select_related("settlement", "member")[:2]
        rows = [
            ("退费单", "演示，不是真的"),
            ("结算编号", owed.settlement.setl_id),
            ("退费日期", "2022-11-24"),
        ]
        change = reversals.note(
            claim=owed,
            anew=None,
            reason="医院重复上传费用，医保 11 月 24 日整单退费",
            name="退费单.png",
            data=picture(rows),
            by=cast.sun,
            at=november(25, 10),
        )
        proposed = correcting.propose(
            change=change,
            reason="医保已整单退费，这次住院没有统筹支付，互助金收回",
            shown=replaying.replay(change).ground,
            by=cast.zhang,
            at=november(28, 9, 40),
        )
        correcting.settle(correction=proposed, agree=True, reason="", by=cast.chen, at=november(28, 10, 30))
        differences.take(at=november(28, 10, 31))
        back = Record(
            row=2,
            setl_id=f"T{waits.settlement.setl_id}",
            certno=waits.member.id_number,
            name=waits.member.name,
            is_reversal=True,
            reverses=waits.settlement.setl_id,
        )
        bureau.take_in(found=[back], by=cast.zhu, at=november(30, 8, 20), tell=quietly)

    def _at_the_agency(self) -> None:
        by = self.walk.cast.sun
        self._taken(22)
        self._taken(25, 16)
        for day, hour in ((29, 10), (29, 15), (30, 8)):
            self._taken(day, hour)
        for _ in range(2):
            self._taken(25, 11, lacking=("receipts",))
        for reason, missing in (
            ("住院票据不齐", "receipts"),
            ("出院记录没有盖章或看不清", "discharge"),
            ("医保结算单缺少或看不清", "settlement_sheet"),
        ):
            claim = self._taken(24, lacking=(missing,))
            claims.return_for_papers(claim=claim, reason=reason, by=by, at=november(25, 9))
        withdrawn = self._taken(23)
        claims.withdraw(claim=withdrawn, reason="重复申请，本人要求撤回", by=by, at=november(24, 9))


def another_reading(proposer: Any) -> None:
    """A second reading of the inpatient clause waits for the other policy person."""
    note = "有单位来函，住院条款按读法乙核算；请对照已公布的读法甲看"
    schemes.propose(name="yichun-120/2021", variant="B", note=note, by=proposer, at=moment(TODAY, 8, 40))


def beside_claims(with_account: list[Who], cast: Cast) -> None:
    """What else is begun: a draft on a phone, changes, a long list, money to give back."""
    draft(with_account)
    changes(with_account, cast.sun)
    long_export(cast.sun)
    paid_too_much(cast)


def draft(joined: list[Who]) -> None:
    """王小明 has begun on his phone and not finished."""
    number = next(one.number for one in joined if one.name == "王小明")
    member = by_numbers([number])[number]
    at = november(29, 20, 15)
    claim = claims.start(
        member=member, channel="phone", applicant="self", applicant_name="", by=member, at=at
    )
    told = {"kinds": ["inpatient"], "hospital_name": "伊春市中心医院", "hospital_grade": "three"}
    claims.fill(claim=claim, by=member, at=at + timedelta(minutes=4), **told, admitted_on=date(2022, 11, 14))


def changes(joined: list[Who], by: Any) -> None:
    """A changed account that waits for a second look, and a lost phone that waits for a second person."""
    mover, loser = by_numbers([joined[40].number, joined[55].number]).values()
    members.add_account(
        member=mover,
        holder=mover.name,
        bank_name=BANKS[1],
        number="6217000010001234567",
        by=mover,
        at=november(29, 19, 40),
    )
    corrections.ask(
        member=loser,
        field="phone",
        value="13700000055",
        reason="原手机丢失，本人持身份证办理",
        photo=None,
        by=by,
        at=november(29, 16, 5),
    )


def long_export(by: Any) -> None:
    """The whole list of members, too long to be taken away on one's own word, waits for a colleague."""
    at = november(29, 17, 30)
    exports.granted(what="会员", said="全部", address="/desk/members/?", rows=5_000, by=by, at=at)


def rosters(tree: Tree, cast: Cast, editions: dict[str, Any], registry: Registry) -> Any:
    """A roster accepted and not yet paid, one with faults, and one of a county's hospital, which is given back."""
    place = tree.story.organisation
    wanted = [editions["yichun-120"], editions["yichun-women"]]
    late = _staged(place, wanted, list(registry.people(12, 7)), cast.zhao, as_excel)
    contributions.accept_roster(roster=late, good_only=False, by=cast.zhao, at=november(29, 9, 20))
    late.refresh_from_db()
    slip(late, cast.zhao)
    faulty = list(registry.people(30, 16))
    _staged(place, wanted, faulty, cast.zhao, as_csv, spoil=True)
    county = next(one for one in tree.employers if one.organisation.name == "铁力市人民医院")
    return _staged(county.organisation, wanted[:1], list(registry.people(26)), cast.sun, as_csv)


def paid_too_much(cast: Cast) -> None:
    """The employer asks for what it paid twice: proposed at the agency, listed and released by the two cashiers."""
    (held,) = matching.prepaid(cast.sun)
    asked = refunds.propose(
        prepaid=held,
        payees=[refunds.Payee(held.employer.name, BANKS[0], "9900 2307 0000 0417")],
        reason="单位来函：两个人的会费汇重了，要求退回",
        by=cast.sun,
        at=november(21, 15, 40),
    )
    listed = refunds.make_list(refunds=[asked], by=cast.li, at=november(22, 9, 30))
    listed = refunds.release(listed=listed, by=cast.zhou, at=november(22, 10, 5))
    refunds.hand_out(listed=listed, by=cast.li, at=november(22, 10, 20))


def not_paid_back(by: Any) -> None:
    """The bank did not know that account, as its statement shows: to another one, which waits for the list of the cashier."""
    part = repaying.parts_visible_to(by).get()
    to = refunds.Payee(part.payee, BANKS[0], "9900 2307 0000 0471")
    said = "银行来电：账号不存在，没有扣款；单位重新发来账号"
    unpaid.not_paid(part=part, payee=to, reason=said, by=by, at=november(30, 8, 30))


SLIP = """
#set page(height: 100mm, margin: 14mm)
#align(center, text(15pt, weight: "bold")[银行电子回单（演示，不是真的回单）])
#v(4mm)
#table(columns: (32mm, 1fr), inset: 3mm, ..data.rows.flatten().map(cell => [#cell]))
"""


def slip(roster: Any, by: Any) -> None:
    """The employer has paid its part and shown the bank's slip, which waits at the agency."""
    share = next(
        one for due in queries.dues_of(roster) for one in due.shares.all() if one.payer == "employer"
    )
    reference = "DEMO-20221129-0001"
    rows = [
        ("付款人", share.payer_name),
        ("收款人", "伊春代办处（演示账户）　9900230700000001"),
        ("金额", f"人民币 {spoken(share.amount_fen)} 元"),
        ("附言", "职工互助会费"),
        ("交易日期", "2022-11-29"),
        ("流水号", reference),
    ]
    upload(
        roster=roster,
        amount_fen=share.amount_fen,
        paid_on=date(2022, 11, 29),
        bank_reference=reference,
        name="电子回单.png",
        data=picture(rows),
        by=by,
        at=november(29, 14, 10),
    )


def picture(rows: list[tuple[str, str]]) -> bytes:
    """A photograph of the slip."""
    found: bytes = typst.compile(  # type: ignore[call-overload]  # its stub knows no such mixture
        (PRELUDE + SLIP).encode(),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps({"rows": rows}, ensure_ascii=False)},
        format="png",
        ppi=110,
    )
    return found


def _staged(
    place: Any, editions: list[Any], people: list[Any], by: Any, form: Any, *, spoil: bool = False
) -> Any:
    at = november(29, 9)
    members.register_all(people=people, employer=place, by=by, at=at, is_synthetic=True)
    rows = [(one.name, one.identity.number, one.phone, BANKS[0], "") for one in people]
    if spoil:  # a digit too few, a wrong check digit, no name
        rows[3] = (rows[3][0], rows[3][1][:-1], *rows[3][2:])
        rows[11] = (rows[11][0], rows[11][1][:-1] + ("0" if rows[11][1][-1] != "0" else "1"), *rows[11][2:])
        rows[19] = ("", *rows[19][1:])
    return enrolment.stage(
        employer=place,
        editions=editions,
        cover_starts_on=date(2022, 12, 1),
        name="补报名册.xlsx" if form is as_excel else "补报名册.csv",
        data=form([(*row[:3], "", "") for row in rows]),
        by=by,
        at=at,
    )


def hard_times(tree: Tree, joined: list[Who], registry: Registry, seed: Random, by: Any) -> None:
    """415 in hardship, as published; a few of them have no cover."""
    home = tree.counties["伊美区"]
    near = [one for one in tree.employers if one.organisation.parent_id == home.pk]
    others = [one for one in joined if one.name != PLEDGED]
    picked = seed.sample(others, IN_HARDSHIP - WITHOUT_COVER - 1)
    picked += [one for one in joined if one.name == PLEDGED]
    marked = list(by_numbers([one.number for one in picked]).values())
    at = moment(date(2022, 8, 30), 9, 0)
    for number in range(WITHOUT_COVER):
        people = list(registry.people(1))
        place = near[number % len(near)].organisation
        marked += members.register_all(
            people=people, employer=place, by=by, at=at, is_synthetic=True
        ).values()
    hardship.mark(members=marked, by=by, at=at)
