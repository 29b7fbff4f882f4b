"""What a released refund does: income becomes owed, receipts get their red ones, and those whose money goes back have no cover."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, QuerySet

from huzhu.audit import services as audit
from huzhu.contributions import cashback
from huzhu.contributions.claiming import ClaimRefused
from huzhu.contributions.given_back import Refund
from huzhu.contributions.models import ContributionDue, Gift, OfficialReceipt, Prepaid, Receipt, Share
from huzhu.contributions.receipts import issue
from huzhu.contributions.services import give, lock_agencies, locked, next_part
from huzhu.contributions.withdrawing import lessen, of_one_head
from huzhu.core.money import spoken
from huzhu.enrolment import services as enrolments
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.ledger import accounts
from huzhu.ledger import services as ledger
from huzhu.ledger.models import Voucher
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import agency_of
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role

Reds = dict[tuple[int, int], tuple[OfficialReceipt, int]]


class RefundRefused(ClaimRefused):
    """Money cannot be given back as told."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What a refund takes from one share."""

    share: Share
    amount_fen: int


def pieces_of(
    *, roster: Roster | None = None, enrolment: Enrolment | None = None, at: datetime
) -> list[Piece]:
    """What everybody paid for a roster (for its schemes that have not begun), or for one person of it; empty where nothing came."""
    if roster is not None:
        held = Share.objects.filter(due__in=_not_begun(roster, at), received_fen__gt=0)
        return [Piece(one, one.received_fen) for one in held.select_related("due__edition").order_by("pk")]
    due = (
        ContributionDue.objects.filter(roster=enrolment.roster_id, edition=enrolment.edition_id).first()
        if enrolment
        else None
    )
    if due is None or enrolment is None or due.left_fen or not due.heads:
        return []
    shares = list(due.shares.select_related("due__edition").order_by("pk"))
    each = of_one_head(due, shares, enrolment)
    return [Piece(one, each[one.pk][0]) for one in shares if each[one.pk][0]]


def is_booked(refund: Refund) -> bool:
    """Whether its release has moved the books; what the bank sent back is released again without."""
    return Voucher.objects.filter(source=f"refund:{refund.pk.hex}").exists()


def refuse_begun(about: Roster | Enrolment | None, at: datetime) -> None:
    """RefundRefused once cover has begun, of a roster that of every scheme; what is not paid in full has none, however late."""
    if isinstance(about, Roster):
        is_over = about.dues.exists() and not _not_begun(about, at).exists()
    else:
        is_over = about is not None and Enrolment.objects.begun(_today(at)).filter(pk=about.pk).exists()
    if about is not None and is_over:
        raise RefundRefused(f"保障 {about.cover_starts_on} 已经开始，期内不退不改，没有办理退费。")


def _not_begun(roster: Roster, at: datetime) -> QuerySet[ContributionDue]:
    return ContributionDue.objects.not_begun(_today(at)).filter(roster=roster)


def book(refunds: Sequence[Refund], by: Role, at: datetime) -> None:
    """All that the release of these does; the caller has asked for permission and holds the refunds."""
    _hold(refunds)
    for one in refunds:
        _book(one, by, at)


def _hold(refunds: Sequence[Refund]) -> None:
    """All that booking them takes, in the order of whoever receives money: rests, shares, then the agency's row."""
    rests = [one.prepaid_id for one in refunds if one.prepaid_id]
    list(Prepaid.objects.select_for_update(of=("self",)).filter(pk__in=rests).order_by("pk"))
    locked([share for one in refunds if one.prepaid is None for share in _shares_of(one)])
    lock_agencies(agency_of(one.employer) for one in refunds)


def _book(refund: Refund, by: Role, at: datetime) -> None:
    refuse_begun(refund.roster or refund.enrolment, at)
    if refund.prepaid is not None:
        _book_prepaid(refund, refund.prepaid, by, at)
        return
    pieces = pieces_of(roster=refund.roster, enrolment=refund.enrolment, at=at)
    if sum(one.amount_fen for one in pieces) != refund.amount_fen:
        raise RefundRefused(f"{refund.employer.name}这笔退费提出后金额变了，没有放行：请退回清单，重新提出。")
    rows = [
        ledger.Row(
            accounts.income_of(one.share.payer),
            accounts.REFUNDABLE,
            one.amount_fen,
            one.share.due.edition.slug,
            _year(refund),
            agency_of(refund.employer),
        )
        for one in pieces
    ]
    voucher = _voucher(refund, rows, by, at)
    reds = _reds(refund, pieces, by, at)
    for piece in pieces:
        _give_back(refund, piece, reds, voucher, by, at)
    _leave(refund, by, at)


def _shares_of(refund: Refund) -> list[Share]:
    if refund.enrolment is not None:
        due = ContributionDue.objects.get(
            roster=refund.enrolment.roster_id, edition=refund.enrolment.edition_id
        )
        return list(due.shares.all())
    return list(Share.objects.filter(due__roster=refund.roster))


def _year(refund: Refund) -> int:
    about = refund.roster or refund.enrolment
    return about.cover_starts_on.year if about else 0


def _book_prepaid(refund: Refund, prepaid: Prepaid, by: Role, at: datetime) -> None:
    held = Prepaid.objects.select_related("paper__agency").get(pk=prepaid.pk)
    if held.left_fen != refund.amount_fen:
        raise RefundRefused(
            f"多缴款现在还剩 {spoken(held.left_fen)} 元，与提出时不同，没有放行：请退回清单，重新提出。"
        )
    row = ledger.Row(
        accounts.PREPAID,
        accounts.REFUNDABLE,
        refund.amount_fen,
        held.scheme_slug,
        held.fund_year,
        agency_of(refund.employer),
    )
    _voucher(refund, [row], by, at)
    Prepaid.objects.filter(pk=held.pk).update(left_fen=F("left_fen") - refund.amount_fen)
    red = _red(held.paper, refund.employer, refund.amount_fen, by, at)
    Refund.objects.filter(pk=refund.pk).update(paper=red)


def _voucher(refund: Refund, rows: Sequence[ledger.Row], by: Role, at: datetime) -> Voucher:
    note = f"退费 {refund.employer.name} {refund.get_kind_display()}"
    return ledger.post(
        source=f"refund:{refund.pk.hex}", posted_on=_today(at), note=note, rows=rows, by=by, at=at
    )


def _red(
    paper: OfficialReceipt, employer: Organisation, amount_fen: int, by: Role, at: datetime
) -> OfficialReceipt:
    return issue(
        agency=paper.agency,
        employer=employer,
        bank_reference=paper.bank_reference,
        amount_fen=-amount_fen,
        red_of=paper,
        by=by,
        at=at,
    )


def _papers_of(share: Share) -> list[tuple[OfficialReceipt, int]]:
    """The papers on which a share's money stands, newest first, and how much of it is not taken back yet."""
    left: dict[OfficialReceipt, int] = {}
    for one in (
        Receipt.objects.filter(share=share)
        .select_related("paper__red_of__agency", "paper__agency", "prepaid__paper__agency")
        .order_by("-pk")
    ):
        paper = one.paper or (one.prepaid.paper if one.prepaid else None)
        if paper is not None:
            first = paper.red_of or paper
            left[first] = left.get(first, 0) + one.amount_fen
    return [(paper, fen) for paper, fen in left.items() if fen > 0]


def _reds(refund: Refund, pieces: Sequence[Piece], by: Role, at: datetime) -> Reds:
    """One red paper for each paper concerned; (share, place) → the red paper and how much of the share stands on it."""
    taken: list[tuple[int, OfficialReceipt, int]] = []
    for piece in pieces:
        wanted = piece.amount_fen
        for paper, left in _papers_of(piece.share):
            if fen := min(left, wanted):
                taken.append((piece.share.pk, paper, fen))
                wanted -= fen
    sums: dict[OfficialReceipt, int] = {}
    for _, paper, fen in taken:
        sums[paper] = sums.get(paper, 0) + fen
    reds = {paper: _red(paper, refund.employer, fen, by, at) for paper, fen in sums.items()}
    return {(share, at_): (reds[paper], fen) for at_, (share, paper, fen) in enumerate(taken)}


def _give_back(
    refund: Refund,
    piece: Piece,
    reds: Reds,
    voucher: Voucher,
    by: Role,
    at: datetime,
) -> None:
    for (share, _), (red, fen) in reds.items():
        if share != piece.share.pk:
            continue
        give(piece.share, -fen)
        Receipt.objects.create(
            share=piece.share,
            amount_fen=-fen,
            received_on=_today(at),
            bank_reference=red.bank_reference,
            part=next_part(red.bank_reference),
            voucher=voucher,
            paper=red,
            refund=refund,
            recorded_by=by.actor_id,
            recorded_at=at,
        )


def _leave(refund: Refund, by: Role, at: datetime) -> None:
    """Those whose money goes back have no cover, and nothing is owed for them."""
    detail = {"reason": refund.reason, "refund": str(refund.pk)}
    if refund.enrolment is not None:
        enrolments.void_paid(enrolment=refund.enrolment, on=_today(at))
        due = ContributionDue.objects.get(
            roster=refund.enrolment.roster_id, edition=refund.enrolment.edition_id
        )
        less = of_one_head(due, list(due.shares.order_by("pk")), refund.enrolment)
        Gift.objects.filter(enrolment=refund.enrolment, share__due=due).delete()
        lessen(due, less, refund.enrolment.shares)
        cashback.settle(due=due, by=by, at=at)
        audit.record(by=by, verb="enrolments.end", on=refund.enrolment, at=at, detail=detail)
    elif refund.roster is not None:
        dues = list(_not_begun(refund.roster, at).select_related("roster__employer", "edition"))
        enrolments.void_roster(roster=refund.roster, editions=[one.edition for one in dues])
        Gift.objects.filter(share__due__in=dues).delete()
        Share.objects.filter(due__in=dues).update(amount_fen=0, cash_back_fen=0)
        ContributionDue.objects.filter(pk__in=[one.pk for one in dues]).update(heads=0, units=0, amount_fen=0)
        for held in dues:
            cashback.settle(due=held, by=by, at=at)
        audit.record(by=by, verb="rosters.end", on=refund.roster, at=at, detail=detail)


def _today(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()
