"""A whole application over the counter, in one act."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db.models import OuterRef, Subquery

from huzhu.audit import services as audit
from huzhu.claims import checks, numbers, papers, settlement
from huzhu.claims import fields as fields_of
from huzhu.claims.checklist import PAPERS, Line, is_complete
from huzhu.claims.checks import FieldsNeedWork
from huzhu.claims.models import Claim, Evidence, Settlement, State
from huzhu.claims.services import SUBMITTED, check_own, office_of, year_of
from huzhu.claims.settlement import Sheet
from huzhu.core.hashing import canonical_json
from huzhu.db.asked import Asked
from huzhu.db.rows import Ready
from huzhu.files.contents import NotAccepted
from huzhu.members.accounts import NotAnAccount, account_number, add_account
from huzhu.members.models import BankAccount, Member
from huzhu.members.queries import current_account
from huzhu.notices.services import ready_each
from huzhu.rules.edition import FactDef
from huzhu.schemes import queries as schemes
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

Page = tuple[str, str, bytes]  # kind of paper, name of the file, what is in it
NO_SHEET = Sheet()


def receive(  # noqa: PLR0913  all that lies on the counter, by whom and when
    *,
    member: Member,
    sheet: Sheet = NO_SHEET,
    account: tuple[str, str] | None = None,
    marks: papers.Marks = MappingProxyType({}),
    pages: Sequence[Page] = (),
    by: Role,
    at: datetime,
    **fields: Any,
) -> Claim:
    """Take in and hand in at once what `start`, `fill`, `put_settlement`, `put_papers` and `submit` do step by step.

    `account` (bank, number) takes the place of the one in use; `marks` (kind → state, reason) are put to papers, and
    whatever has `pages` is received. FieldsNeedWork has a sentence for everything that is wrong, at once: by field, figure,
    kind of paper, and "number" for the account. Otherwise it is refused as `submit` would; nothing is kept then.
    """
    check_own(by, member.pk, member.employer)
    check_may(by, "claims.papers", within=member.employer)
    claim = Claim(
        member=member,
        employer=member.employer,
        office=office_of(member.employer, by),
        state=State.SUBMITTED,
        channel=Claim.Channel.COUNTER,
        drafted_at=at,
        submitted_at=at,
    )
    marks = {**marks, **{kind: (str(Evidence.State.RECEIVED), "") for kind, *_ in pages}}
    sheet = settlement.tidied_sheet(sheet)
    with settlement.claimed_once(claim, sheet.setl_id):
        [(claim.account_id, newest, known)] = _DESK(member.pk)
        lines = _laid_down(claim, fields, sheet, account, marks, schemes.facts(known))
        covers = checks.check_cover(claim)
        checks.check_claimed_once(claim, sheet.setl_id)
        if account:
            claim.account = _account(member, account, by, at)
        papers.take_what_is_known(lines, claim, covers)
        claim.complete_at = at if is_complete(claim, lines) else None

        def beside() -> list[Ready]:
            told = [(member.phone, SUBMITTED.format(claim.number), claim)] if member.phone else []
            acts = audit.ready_each(by=by, at=at, acts=_acts(claim, fields, sheet, lines))
            messages = ready_each(messages=told, purpose="claim", at=at)
            return [settlement.ready(claim, sheet), papers.ready(claim, lines), acts, messages]

        numbers.enter(claim, year_of(at), beside, newest or "")
        _show(claim, pages, by, at)
    return claim


def sketch(*, member: Member, sheet: Sheet = NO_SHEET, **fields: Any) -> Claim:
    """An application as it lies on the counter, in memory only: to show it and to try what it would pay.

    What cannot be read is left out.
    """
    claim = Claim(number="0000-000000", member=member, employer=member.employer, kinds=["inpatient"])
    claim.account = current_account(member)
    read = schemes.facts()
    values, wrong = fields_of.read(claim, fields, read)
    for name, value in values.items():
        if name not in wrong:
            setattr(claim, name, value)
    sheet = settlement.tidied_sheet(sheet)
    unfit = settlement.figure_problems(sheet.figures, "", read)
    figures = {name: text for name, text in sheet.figures.items() if name not in unfit}
    if figures:
        claim.settlement = Settlement(claim=claim, setl_id="", figures=canonical_json(figures))
    return claim


def every_paper() -> list[Line]:
    """A line for each paper that any kind of application wants, not written."""
    return papers.lines_of(PAPERS.values())


def _desk(member: Any) -> Any:
    """The member's row is locked: their claims are checked against each other one at a time."""
    account = BankAccount.objects.filter(member=OuterRef("pk"), is_current=True).values("pk")
    newest = Claim.objects.order_by(*numbers.NEWEST).values("number")[:1]
    found = Member.objects.select_for_update(no_key=True).filter(pk=member)
    return found.values_list(Subquery(account), Subquery(newest), schemes.identities())


_DESK = Asked(_desk)


def _laid_down(
    claim: Claim,
    fields: Mapping[str, Any],
    sheet: Sheet,
    account: tuple[str, str] | None,
    marks: papers.Marks,
    read: Mapping[str, FactDef],
) -> list[Line]:
    """The claim takes the fields; its papers with their marks. FieldsNeedWork with all that is wrong."""
    values, wrong = fields_of.read(claim, fields, read)
    for name, value in values.items():
        setattr(claim, name, value)
    wrong |= settlement.figure_problems(sheet.figures, sheet.setl_id, read)
    missing = checks.field_problems(claim, at=claim.drafted_at)
    if account:
        missing.pop("account", None)
        try:
            account_number(account[1])
        except NotAnAccount as refused:
            wrong["number"] = str(refused)
    lines, unfit = papers.laid_out(claim, marks)
    if found := {**missing, **unfit, **wrong}:
        raise FieldsNeedWork(found)
    return lines


def _account(member: Member, account: tuple[str, str], by: Role, at: datetime) -> BankAccount:
    bank_name, number = account
    return add_account(member=member, holder=member.name, bank_name=bank_name, number=number, by=by, at=at)


def _acts(claim: Claim, fields: Mapping[str, Any], sheet: Sheet, lines: Sequence[Line]) -> list[audit.Act]:
    detail = {
        "channel": str(claim.channel),
        "applicant": str(claim.applicant),
        "fields": sorted(fields),
        "figures": sorted(sheet.figures),
        "papers": {one.kind: str(one.state) for one in lines},
        "reasons": {one.kind: one.reason for one in lines if one.reason},
        "to": str(claim.state),
    }
    acts: list[audit.Act] = [("claims.receive", claim, detail)]
    if claim.complete_at:
        acts.append((papers.COMPLETE, claim, {}))
    return acts


def _show(claim: Claim, pages: Sequence[Page], by: Role, at: datetime) -> None:
    """Photographs and PDFs go with their papers; what is none is said at its paper."""
    for kind, name, data in pages:
        try:
            papers.hand_in(claim=claim, kind=kind, name=name, data=data, by=by, at=at)
        except (papers.PaperUnfit, NotAccepted) as refused:
            raise FieldsNeedWork({kind: str(refused)}) from None
