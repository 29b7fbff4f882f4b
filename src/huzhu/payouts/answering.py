"""What the bank says of payouts: paid, sent back, or neither; then they are in doubt until its paper and two people say which."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from huzhu.audit import services as audit
from huzhu.bank.files import Answer
from huzhu.claims import services as claims
from huzhu.claims.models import State
from huzhu.core import money
from huzhu.files.contents import kind_of
from huzhu.files.services import store
from huzhu.ledger import services as ledger
from huzhu.ledger.accounts import BANK, IN_DOUBT, PAYABLE, RETURNED
from huzhu.ledger.services import Posting
from huzhu.notices.services import send_each
from huzhu.payouts import replies
from huzhu.payouts.bankfile import form_of
from huzhu.payouts.due import moved_rows, with_parts
from huzhu.payouts.holding import asked
from huzhu.payouts.lifecycle import OPEN, check_batch
from huzhu.payouts.models import BankReturn, DoubtAnswer, Payout, PayoutBatch, ReplyFile
from huzhu.payouts.replies import Pair
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

VERBS = {"paid": "paid", "failed": "failed", "in_doubt": "doubt"}
NO_REASON = "银行没有说明原因"
TO_ANOTHER = "钱还在。请在手机上打开这件申请，按“换一个收款账户”；也可以到代办处办理。"


class DoubtRefused(ValueError):
    """A doubt is resolved once, by the bank's paper, and by two people."""


def locked(batch: PayoutBatch, *, to_book: bool = True) -> tuple[PayoutBatch, list[Payout]]:
    """The batch as it stands now, then its payouts in the order of their keys: always in this order."""
    held = PayoutBatch.objects.select_for_update().get(pk=batch.pk)
    payouts = held.payouts.select_for_update(of=("self",))
    related = payouts.select_related("decision__claim__member", "decision__claim__office").order_by("pk")
    return held, list(with_parts(related) if to_book else asked(related))


@transaction.atomic
def apply_reply(*, batch: PayoutBatch, data: bytes, by: Role, at: datetime) -> ReplyFile:
    """Take in the bank's reply: paid, failed or unclear, in the bank's words. The same file again changes nothing.

    Raises ReplyRefused, with every line that does not fit; then nothing is taken in.
    """
    check_may(by, "payouts.reply", within=batch.organisation)
    batch, payouts = locked(batch)
    if before := replies.taken_before(batch, data):
        return before
    check_batch(batch, PayoutBatch.State.CLOSED)
    reply = replies.compare(batch, payouts, data, at)
    _settle(reply.news, by, at)
    _note_otherwise(reply.otherwise, by, at)
    _drop_said(payouts, by, at)
    _close_when_answered(batch, payouts)
    counts = {"paid": len(reply.paid), "failed": len(reply.failed), "unclear": len(reply.unclear)}
    counts |= {"otherwise": len(reply.otherwise)} if reply.otherwise else {}
    taken = ReplyFile.objects.create(
        batch=batch,
        sha256=reply.sha256,
        paid_count=counts["paid"],
        failed_count=counts["failed"],
        doubt_count=counts["unclear"],
        taken_by=by.user,
        taken_at=at,
    )
    detail = {"sha256": reply.sha256, **counts}
    audit.record(by=by, verb="payouts.apply_reply", on=batch, at=at, detail=detail)
    return taken


def _note_otherwise(pairs: Sequence[Pair], by: Role, at: datetime) -> None:
    """What was paid stays paid by a word alone; the word is kept, until the bank's paper shows the money."""
    for payout, answer in pairs:
        payout.later_words = answer.words or NO_REASON
    found = [payout for payout, _ in pairs]
    Payout.objects.bulk_update(found, ["later_words"], batch_size=1000)
    acts = [
        ("payouts.said_otherwise", one, {"claim": one.decision.claim.number, "words": one.later_words})
        for one in found
    ]
    audit.record_each(by=by, at=at, acts=acts)


def hold_unanswered(*, at: datetime) -> int:
    """What a bank should have answered by now and has not goes in doubt, batch by batch; how many did."""
    found = PayoutBatch.objects.filter(state=PayoutBatch.State.RELEASED, payouts__state=Payout.State.SENT)
    waiting = [one for one in found.distinct().order_by("pk") if is_late(one, at)]
    return sum(_hold(batch, at) for batch in waiting)


def is_late(batch: PayoutBatch, at: datetime) -> bool:
    """Whether its bank should have answered by now."""
    return batch.released_at is not None and at - batch.released_at > timedelta(hours=form_of(batch).hours)


@transaction.atomic
def _hold(batch: PayoutBatch, at: datetime) -> int:
    batch, payouts = locked(batch)
    silent = [payout for payout in payouts if payout.state == Payout.State.SENT]
    words = f"放行后 {form_of(batch).hours} 小时银行没有回音"
    pairs = [(one, Answer(0, one.line or 0, one.amount_fen, None, words, at)) for one in silent]
    _settle(pairs, audit.SYSTEM, at)
    return len(silent)


def say_doubt(  # noqa: PLR0913  what the paper says, and the paper itself
    *,
    payout: Payout,
    paid: bool,
    bank_at: datetime,
    words: str,
    name: str,
    data: bytes,
    by: Role,
    at: datetime,
) -> DoubtAnswer:
    """One person reads the bank's paper: it was paid, or it was not. Nothing moves until another confirms.

    The paper is on the disk before the transaction begins.
    """
    check_may(by, "payouts.doubt", within=payout.decision.claim.office)
    said = words.strip()[:120]
    if not said:
        raise DoubtRefused("请写明凭什么，例如“银行回单号 2022…”或“柜台查询，经办行盖章”。")
    _check_in_doubt(Payout.objects.get(pk=payout.pk))
    kind = kind_of(data).mime if data else ""
    if not kind.startswith(("image/", "application/pdf")):
        raise DoubtRefused("银行的证明要是照片或 PDF，不能是空文件或别的文件。请重新选择。")
    paper = store(name=name, data=data, purpose="doubt", by=by, at=at)
    with transaction.atomic():
        held = Payout.objects.select_for_update(of=("self",)).select_related("batch").get(pk=payout.pk)
        _check_in_doubt(held)
        released_at = held.batch.released_at if held.batch else None
        if bank_at > at or (released_at and bank_at < released_at - replies.CLOCKS_APART):
            raise DoubtRefused("银行的时间要在放行之后、现在之前。请对照回单重填。")
        if held.doubt_answers.filter(state=DoubtAnswer.State.SAID).exists():
            raise DoubtRefused("这一笔已有人登记了查明结果，等第二个人确认。请刷新后再看。")
        found = DoubtAnswer.objects.create(
            payout=held, paid=paid, bank_at=bank_at, words=said, paper=paper, said_by=by.user, said_at=at
        )
        detail = {"paid": paid, "words": said}
        audit.record(by=by, verb="payouts.say_doubt", on=held, at=at, detail=detail)
        return found


@transaction.atomic
def confirm_doubt(*, answer: DoubtAnswer, agree: bool, by: Role, at: datetime) -> DoubtAnswer:
    """Another person has read the same paper: agreed, the payout is paid or sent back; not agreed, it stays in doubt."""
    check_may(by, "payouts.doubt", within=answer.payout.decision.claim.office)
    held = DoubtAnswer.objects.get(pk=answer.pk)
    if held.said_by_id == by.user_id and agree:
        raise DoubtRefused("查明结果是您登记的，要由另一个人看过银行的证明后确认。")
    batch = Payout.objects.select_related("batch").get(pk=held.payout_id).batch
    if batch is None:
        raise DoubtRefused("这一笔不在批次里，请刷新后再看。")
    batch, payouts = locked(batch)
    [payout] = [one for one in payouts if one.pk == held.payout_id]
    state = DoubtAnswer.State.CONFIRMED if agree else DoubtAnswer.State.DECLINED
    if agree:
        _check_in_doubt(payout)
    said = DoubtAnswer.objects.filter(pk=held.pk, state=DoubtAnswer.State.SAID)
    if not said.update(state=state, settled_by=by.user, settled_at=at):
        raise DoubtRefused("这一条刚刚有人办过，您这一步没有生效。请刷新后再看。")
    audit.record(by=by, verb="payouts.confirm_doubt", on=payout, at=at, detail={"agree": agree})
    if agree:
        words = f"查明：{held.words}"[:120]
        told = Answer(0, payout.line or 0, payout.amount_fen, held.paid, words, held.bank_at)
        _settle([(payout, told)], by, at)
        _close_when_answered(batch, payouts)
    held.refresh_from_db()
    return held


def saw_paper(*, answer: DoubtAnswer, by: Role, at: datetime) -> None:
    """Somebody looks at the bank's paper: written down, once an hour."""
    audit.record_read(by=by, verb="payouts.read_paper", on=answer.payout, at=at)


def _check_in_doubt(payout: Payout) -> None:
    if payout.state != Payout.State.IN_DOUBT:
        raise DoubtRefused(f"这一笔现在是“{payout.get_state_display()}”，不再存疑。请刷新后再看。")


def _drop_said(payouts: Sequence[Payout], by: Role, at: datetime) -> None:
    """What somebody read in a paper meanwhile is overtaken by the bank's own clear word."""
    answered = [one.pk for one in payouts if one.doubted_at and one.answered_at]
    if answered:
        open_ones = DoubtAnswer.objects.filter(payout__in=answered, state=DoubtAnswer.State.SAID)
        open_ones.update(state=DoubtAnswer.State.DECLINED, settled_by=by.user, settled_at=at)


def _close_when_answered(batch: PayoutBatch, payouts: Sequence[Payout]) -> None:
    """The payouts are those that are held locked, as they stand now."""
    if not any(one.state in OPEN for one in payouts):
        PayoutBatch.objects.filter(pk=batch.pk).update(state=PayoutBatch.State.CLOSED)


def _settle(pairs: Sequence[Pair], by: audit.Actor, at: datetime) -> None:
    """Paid, sent back or in doubt, all of them in a handful of statements: payouts, books, trail, claims, word to the members."""
    if not pairs:
        return
    back = _came_back(pairs)
    postings = [_posting(payout, answer, at, back.get(payout.decision_id)) for payout, answer in pairs]
    for payout, answer in pairs:
        _take(payout, answer, at)
    found = [payout for payout, _ in pairs]
    columns = ["state", "answered_at", "doubted_at", "bank_words"]
    Payout.objects.bulk_update(found, columns, batch_size=1000)
    ledger.post_many(postings=postings, by=by, at=at)
    acts = [(f"payouts.{VERBS[one.state]}", one, _told(one)) for one in found]
    audit.record_each(by=by, at=at, acts=acts)
    clear = [one for one in found if one.answered_at]
    # of a claim that was paid before, a correction brought more: it has long arrived
    arrived = [
        (one.decision.claim, one.answered_at or at)
        for one in clear
        if one.state == Payout.State.PAID and one.decision.claim.state == State.PAYING
    ]
    if arrived:
        claims.arrived(times=arrived, by=by, at=at)
    told = [(one.decision.claim.member.phone, _words(one), one.decision.claim) for one in clear]
    messages = [(phone, text, claim) for phone, text, claim in told if phone]
    send_each(messages=messages, purpose="payout", at=at)


def _take(payout: Payout, answer: Answer, at: datetime) -> None:
    """What the bank said, put down in the row; of what is unclear the hour from which it is in doubt."""
    payout.bank_words = answer.words
    if answer.paid is None:
        payout.state, payout.doubted_at = Payout.State.IN_DOUBT, at
        payout.bank_words = answer.words or "银行没有说付没付"
        return
    payout.state = Payout.State.PAID if answer.paid else Payout.State.FAILED
    payout.answered_at = answer.at
    if not answer.paid:
        payout.bank_words = answer.words or NO_REASON


def _told(payout: Payout) -> dict[str, str]:
    return {"claim": payout.decision.claim.number, "words": payout.bank_words}


def _came_back(pairs: Sequence[Pair]) -> dict[int, int]:
    """Decisions (by key) that were paid before → the last return that brought the money back."""
    again = [payout.decision_id for payout, answer in pairs if answer.paid and payout.replaces_id]
    if not again:
        return {}
    found = BankReturn.objects.filter(state=BankReturn.State.CONFIRMED, payout__decision__in=again)
    return dict(found.order_by().values_list("payout__decision").annotate(Max("pk")))


def _posting(payout: Payout, answer: Answer, at: datetime, back: int | None) -> Posting:
    """Out of payable (or of what was in doubt): to the bank, to what came back, or to what is in doubt now.

    The source of a payment is the decision's: however often it is sent, its money leaves the books once, and once more
    after each return.
    """
    decision = payout.decision
    number = decision.claim.number
    lay = IN_DOUBT if payout.state == Payout.State.IN_DOUBT else PAYABLE
    day = (at if answer.paid is None else answer.at).astimezone(SHANGHAI).date()
    if answer.paid:
        rows = moved_rows(payout, lay, BANK)
        source = f"decision:{decision.pk}:paid" + (f":{back}" if back else "")
        return Posting(source, day, f"发放互助金 申请 {number}", rows, or_later=True)
    if answer.paid is None:
        rows = moved_rows(payout, lay, IN_DOUBT)
        return Posting(f"payout:{payout.pk}:in_doubt", day, f"给付存疑 申请 {number}", rows, or_later=True)
    rows = moved_rows(payout, lay, RETURNED)
    return Posting(f"payout:{payout.pk}:returned", day, f"银行退回 申请 {number}", rows, or_later=True)


def _words(payout: Payout) -> str:
    """What the member is told."""
    claim, amount = payout.decision.claim, f"{money.spoken(payout.amount_fen)} 元"
    if payout.state == Payout.State.PAID and payout.answered_at:
        when = payout.answered_at.astimezone(SHANGHAI)
        kept = f"另有 {money.spoken(payout.set_off_fen)} 元抵扣了以前多发的。" if payout.set_off_fen else ""
        return (
            f"您的互助金 {amount}已于 {when:%Y-%m-%d %H:%M} 到账"
            f"（账号末四位 {payout.account_number[-4:]}）。{kept}申请 {claim.number}。"
        )
    return f"您的互助金 {amount}没有付成，银行说：{payout.bank_words}。{TO_ANOTHER}"
