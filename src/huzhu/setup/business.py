"""What still goes on at a place: why it cannot be closed yet, or moved to another agency."""

from collections.abc import Iterator
from datetime import date

from django.db.models import F, Q

from huzhu.adjudication.models import Decision
from huzhu.claims.models import Claim, SettlementChange, State
from huzhu.contributions.given_back import Refund
from huzhu.contributions.models import Prepaid, Share
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.organisations.models import Organisation
from huzhu.payouts.models import BankReturn, Payout
from huzhu.users.models import Role

ENDED = (State.PAID, State.REFUSED, State.WITHDRAWN)
MOVING = (Payout.State.SCHEDULED, Payout.State.IN_BATCH, Payout.State.SENT, Payout.State.IN_DOUBT)
REFUNDED = (Refund.State.PAID, Refund.State.DECLINED)


def open_business(place: Organisation, day: date) -> list[str]:
    """A sentence for each thing that is not finished, with its number; empty when the place may be closed."""
    return [words.format(count) for words, count in _counts(place, day) if count]


def money_of(place: Organisation, day: date) -> list[str]:
    """A sentence for each kind of money of these employers that may still be used or go back: it lies at their agency."""
    places = Organisation.objects.under(place).values("pk")
    shares = Share.objects.filter(due__roster__employer__in=places, received_fen__gt=0)
    found = (
        ("有 {} 笔多缴款还没有用完或退还", Prepaid.objects.filter(employer__in=places, left_fen__gt=0)),
        ("有 {} 笔退费没有办完", Refund.objects.filter(employer__in=places).exclude(state__in=REFUNDED)),
        ("有 {} 笔会费只缴了一部分", shares.filter(received_fen__lt=F("amount_fen"))),
        ("有 {} 笔会费已经到账、保障还没有开始", shares.filter(due__roster__cover_starts_on__gt=day)),
    )
    return [words.format(count) for words, rows in found if (count := rows.count())]


def claims_of(place: Organisation) -> list[str]:
    """A sentence for each kind of unfinished aid of these employers' members: their agency has it in hand.

    A draft on a phone counts as nothing: nobody else may end it, and it goes to the new agency when it is handed in.
    """
    places = Organisation.objects.under(place).values("pk")
    claims = Claim.objects.filter(employer__in=places).exclude(state__in=ENDED)
    decided = Decision.objects.filter(claim__employer__in=places, state=Decision.State.FINAL, payouts=None)
    more = Q(differences=None) | Q(differences__amount_fen__gt=0)
    back = BankReturn.objects.filter(state=BankReturn.State.SAID).values("payout")
    paying = Q(state__in=MOVING) | Q(state=Payout.State.FAILED, replaced_by=None) | Q(pk__in=back)
    found = (
        ("有 {} 件申请没有办完", claims.exclude(state=State.DRAFT, channel=Claim.Channel.PHONE)),
        (
            "有 {} 次医保结算变动没有重算和确认",
            SettlementChange.objects.filter(claim__employer__in=places, state=SettlementChange.State.OPEN),
        ),
        ("有 {} 次更正的差额没有排款", decided.filter(more, corrects__isnull=False).distinct()),
        ("有 {} 笔款没有付到", Payout.objects.filter(paying, decision__claim__employer__in=places)),
    )
    return [words.format(count) for words, rows in found if (count := rows.count())]


def _counts(place: Organisation, day: date) -> Iterator[tuple[str, int]]:
    enrolments = Enrolment.objects.filter(employer=place)
    roles = Role.objects.filter(organisation=place, is_active=True, user__is_active=True)
    dues = Share.objects.filter(due__roster__employer=place, due__roster__state=Roster.State.ACCEPTED)
    claims = Claim.objects.filter(Q(employer=place) | Q(office=place)).exclude(state__in=ENDED)
    yield "有 {} 个下属机构没有停用", Organisation.objects.open().filter(parent=place).count()
    yield "有 {} 个角色还在用（先在“人员”里收回）", roles.count()
    yield "有 {} 份名册待确认", Roster.objects.filter(employer=place, state=Roster.State.STAGED).count()
    yield "有 {} 笔会费没有缴齐", sum(share.left_fen > 0 for share in dues)
    yield "有 {} 人次还在保障期内", enrolments.in_force().filter(cover_ends_on__gt=day).count()
    yield "有 {} 件申请没有办完", claims.count()
