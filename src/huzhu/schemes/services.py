"""Publishing: an edition on the shelf becomes a row that enrolments and decisions point to; two persons do it."""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from huzhu.audit.services import record
from huzhu.rules.edition import Edition
from huzhu.rules.entry import term
from huzhu.rules.problems import SchemeRefused
from huzhu.rules.units import SHANGHAI
from huzhu.schemes.library import NoSuchScheme
from huzhu.schemes.models import Proposal, SchemeEdition
from huzhu.schemes.queries import fresh_shelf
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

State = Proposal.State


class HasNoFee(ValueError):
    """The edition names no parameter `fee`, so nobody could say what a member owes."""


class SaysNotWhoMayJoin(ValueError):
    """The edition has no section on entry, so nobody could say who may join."""


class CannotBePublished(ValueError):
    """The edition is published already, waits already, has ended, or does not pass its own proofs and examples."""


class SamePerson(PermissionError):
    """Who proposed an edition may not be the second person."""


class SettledAlready(ValueError):
    """Somebody was faster: the proposal no longer waits."""


class ReasonMissing(ValueError):
    """A word to the other person is missing."""


@transaction.atomic
def propose(*, name: str, variant: str | None, note: str, by: Role, at: datetime) -> Proposal:
    """Put an edition of the shelf before a second person; `name` is slug/edition. Raises CannotBePublished."""
    check_may(by, "schemes.propose")
    edition = provable(name, variant)
    if SchemeEdition.objects.filter(identity=edition.identity).exists():
        raise CannotBePublished("这个版次已经公布了，内容一字不差，不用再提。")
    if edition.closes_on <= at.astimezone(SHANGHAI).date().toordinal():
        raise CannotBePublished(
            f"这个版次到 {date.fromordinal(edition.closes_on)} 已经截止，公布了也没有人能参加。"
        )
    _fee(edition)
    _refuse_without_entry(edition)
    proposal = Proposal(
        slug=edition.slug,
        edition=edition.edition,
        variant=edition.variant.name if edition.variant else "",
        short=edition.about.get("short", edition.slug),
        identity=edition.identity,
        note=_words(note, "请写一句说明：依据哪个文件、和上一版有什么不同，给第二个人看。"),
        proposed_by=by,
        proposed_at=at,
    )
    try:
        with transaction.atomic():
            proposal.save(force_insert=True)
    except IntegrityError as problem:
        raise CannotBePublished("这个版次已经有人提出，正等第二个人确认。") from problem
    record(by=by, verb="schemes.propose", on=proposal, at=at, detail={"identity": edition.identity})
    return proposal


@transaction.atomic
def confirm(*, proposal: Proposal, by: Role, at: datetime) -> SchemeEdition:
    """The second person's word: the edition is published as it was proposed. Raises SamePerson, CannotBePublished."""
    check_may(by, "schemes.publish")
    _refuse_author(proposal, by)
    edition = provable(proposal.path, proposal.variant or None)
    if edition.identity != proposal.identity:
        raise CannotBePublished(
            f"提出以后，方案文件夹里的文件改过了（指纹 {edition.identity[:12]}，提出时 {proposal.identity[:12]}），"
            "所以没有公布。请退回，由提出人看过新的内容再提。"
        )
    _settle(proposal, State.PUBLISHED, by, at)
    return publish(edition=edition, at=at, by=by)


@transaction.atomic
def send_back(*, proposal: Proposal, reason: str, by: Role, at: datetime) -> None:
    """The second person's no, with a reason."""
    check_may(by, "schemes.publish")
    _refuse_author(proposal, by)
    _settle(proposal, State.SENT_BACK, by, at, _words(reason, "请写明退回的理由，提出人看得到。"))
    record(by=by, verb="schemes.send_back", on=proposal, at=at, detail={"reason": proposal.reason})


@transaction.atomic
def withdraw(*, proposal: Proposal, by: Role, at: datetime) -> None:
    """The author takes it back while nobody has answered."""
    check_may(by, "schemes.propose")
    if proposal.proposed_by.user_id != by.user_id:
        raise SamePerson("只有提出人自己能撤回。您可以退回它，并写明理由。")
    _settle(proposal, State.WITHDRAWN, by, at)
    record(by=by, verb="schemes.withdraw", on=proposal, at=at)


def provable(name: str, variant: str | None) -> Edition:
    """An edition of the shelf that passes its proofs and worked examples in every reading; else CannotBePublished."""
    library = fresh_shelf()
    try:
        path = library.find(name)
        verdict = library.check(path)
        if not verdict.sound:
            raise CannotBePublished(
                f"方案文件没有通过检查：{verdict.problems[0]}。请写方案的人用 huzhu scheme check 看全部问题并改好。"
            )
        return library.read(path, variant)
    except (NoSuchScheme, SchemeRefused, LookupError) as problem:
        raise CannotBePublished(f"方案文件夹里没有能用的这一版：{problem}") from problem


def _refuse_author(proposal: Proposal, by: Role) -> None:
    if proposal.proposed_by.user_id == by.user_id:
        raise SamePerson("这一版是您自己提出的，要由另一位政策人员看过再确认，自己不能确认自己的。")


def _settle(proposal: Proposal, state: Proposal.State, by: Role, at: datetime, reason: str = "") -> None:
    change = {"state": state, "settled_by": by, "settled_at": at, "reason": reason}
    if not Proposal.objects.filter(pk=proposal.pk, state=State.WAITING).update(**change):
        raise SettledAlready("这个提议刚刚有人办过了。请刷新看结果。")
    proposal.refresh_from_db()


def _refuse_without_entry(edition: Edition) -> None:
    if edition.entry is None:
        raise SaysNotWhoMayJoin(
            f"方案“{edition.slug}”没有写谁可以参加（entry），公布后没有人知道该收谁，所以没有公布。请在方案文件里补上。"
        )


def _words(text: str, missing: str) -> str:
    said = " ".join(text.split())
    if len(said) < 2:
        raise ReasonMissing(missing)
    if len(said) > 200:
        raise ReasonMissing(f"写了 {len(said)} 个字，最多 200 个字，请缩短。")
    return said


@transaction.atomic
def publish(*, edition: Edition, at: datetime, by: Role | None = None) -> SchemeEdition:
    """Keep a proved edition for good, in fen and dates; the same identity twice returns the first row.

    Only `confirm` and the demonstration call it: a page never publishes by one person's word.
    """
    _refuse_without_entry(edition)
    row, is_new = SchemeEdition.objects.get_or_create(
        identity=edition.identity,
        defaults={
            "slug": edition.slug,
            "edition": edition.edition,
            "variant": edition.variant.name if edition.variant else "",
            "title": edition.title,
            "short": edition.about.get("short", edition.slug),
            "resolved": edition.resolved,
            "fee_fen": _fee(edition),
            "individual_fee_fen": _own_fee(edition),
            "opens_on": date.fromordinal(edition.opens_on),
            "closes_on": date.fromordinal(edition.closes_on),
            "published_at": at,
        },
    )
    if is_new and by is not None:
        record(by=by, verb="schemes.publish", on=row, at=at, detail={"identity": edition.identity})
    return row


def _own_fee(edition: Edition) -> int | None:
    """What individuals pay where the edition says so, by the value in force when it opens."""
    own = term(edition, "individual_fee", edition.opens_on)
    return own if isinstance(own, int) else None


def _fee(edition: Edition) -> int:
    """Fen a member owes for one period, by the value in force when the edition opens."""
    fee = edition.parameters.get("fee")
    value = fee.at(edition.opens_on)[1] if fee else None
    if not isinstance(value, int):
        raise HasNoFee(
            f"方案“{edition.slug}”没有写会费（参数 fee），公布后没有人知道要缴多少，所以没有公布。"
            "请在方案文件的 parameters 里补上 fee。"
        )
    return value
