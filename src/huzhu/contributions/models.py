"""What is due for a roster, who pays which part, and what was received."""

import datetime as dt
from typing import Self

from django.db import models

from huzhu.bank.models import StatementLine
from huzhu.contributions.given_back import Refund
from huzhu.contributions.splits import counted
from huzhu.db.models import SealedModel
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.files.models import StoredFile
from huzhu.ledger.models import Voucher
from huzhu.members.models import Member
from huzhu.organisations.models import Organisation
from huzhu.schemes.models import SchemeEdition


class Payer(models.TextChoices):
    EMPLOYER = "employer", "单位"
    UPPER_UNION = "upper_union", "上级工会"
    SPONSOR = "sponsor", "资助人"
    WORKER = "worker", "职工"


class SplitTerms(models.Model):
    """How an employer and everyone below it shares the fee of a scheme from a day on; what changes is a new row."""

    employer = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", verbose_name="单位（及下属）"
    )
    scheme_slug = models.CharField("方案", max_length=40)
    valid_from = models.DateField("起用日")  # for rosters whose cover starts on this day or later
    inherits = models.BooleanField("恢复沿用上级", default=False)
    least_own_fen = models.PositiveIntegerField("职工至少缴（分）", default=0)
    set_by = models.CharField("设定人编号", max_length=60)
    set_by_name = models.CharField("设定人", max_length=80)
    set_at = models.DateTimeField("设定时间")

    class Meta:
        verbose_name = verbose_name_plural = "分担办法"
        indexes = (models.Index(fields=("employer", "scheme_slug"), name="terms_of_an_employer"),)


class SplitRule(models.Model):
    """One payer of the terms who is not the worker, in the order in which they are asked; the worker pays the rest."""

    class Basis(models.TextChoices):
        PERCENT = "percent", "按比例"
        FIXED = "fixed", "每人定额"
        CASH_BACK = "cash_back", "先缴后补现金"

    terms = models.ForeignKey(SplitTerms, models.PROTECT, related_name="rules", verbose_name="分担办法")
    payer = models.CharField("缴费方", max_length=12, choices=Payer)
    payer_name = models.CharField("缴费方名称", max_length=80)
    basis = models.CharField("方式", max_length=10, choices=Basis)
    basis_points = models.PositiveIntegerField("比例（万分之一）", default=0)
    fixed_fen = models.PositiveIntegerField("每人定额（分）", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "分担办法的缴费方"
        constraints = (
            models.UniqueConstraint(fields=("terms", "payer", "payer_name"), name="a_payer_once_in_terms"),
            models.CheckConstraint(
                condition=models.Q(basis_points__lte=10_000), name="at_most_the_whole_fee"
            ),
        )


class DueQuerySet(models.QuerySet["ContributionDue"]):
    def begun(self, day: dt.date) -> Self:
        """Those of which cover has begun: their money stays where it is."""
        return self.filter(self._cover(day))

    def not_begun(self, day: dt.date) -> Self:
        """Those that wait for their money, however late it is, or whose first day has not come."""
        return self.filter(~self._cover(day))

    @staticmethod
    def _cover(day: dt.date) -> models.Exists:
        mine = {"roster": models.OuterRef("roster"), "edition": models.OuterRef("edition")}
        return models.Exists(Enrolment.objects.begun(day).filter(**mine))


class ContributionDue(models.Model):
    """What one roster owes for one edition: the fee for every share that its people take, mostly one each."""

    roster = models.ForeignKey(Roster, models.PROTECT, related_name="dues", verbose_name="名册")
    edition = models.ForeignKey(SchemeEdition, models.PROTECT, related_name="+", verbose_name="方案版次")
    terms = models.ForeignKey(
        SplitTerms, models.PROTECT, null=True, related_name="+", verbose_name="分担办法"
    )  # that it was made of; none where the worker pays all, or (of old dues) where they are not known any more
    heads = models.PositiveIntegerField("人数")
    units = models.PositiveIntegerField("份数", default=0)
    amount_fen = models.BigIntegerField("应缴（分）")

    objects = DueQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "应缴"
        constraints = (
            models.UniqueConstraint(fields=("roster", "edition"), name="a_roster_owes_once_a_scheme"),
            models.CheckConstraint(condition=models.Q(amount_fen__gte=0), name="due_is_not_negative"),
            models.CheckConstraint(
                condition=models.Q(units__gte=models.F("heads")), name="a_head_takes_at_least_one_share"
            ),
        )

    @property
    def fee_fen(self) -> int:
        """What each share costs."""
        return self.edition.fee_for(self.roster.way)

    @property
    def counted(self) -> str:
        """Heads as they are said, with the shares where somebody takes more than one."""
        return counted(self.heads, self.units)

    @property
    def left_fen(self) -> int:
        return sum(share.left_fen for share in self.shares.all())


class Pledge(models.Model):
    """A sponsor's word to pay the workers' part of one member, or of all in hardship at or below an organisation."""

    class Kind(models.TextChoices):
        PERSON = "person", "个人"
        ORGANISATION = "organisation", "单位、社会组织"

    sponsor_name = models.CharField("资助人", max_length=80)
    sponsor_kind = models.CharField("资助人类别", max_length=12, choices=Kind)
    is_named = models.BooleanField("同意公开姓名", default=False)
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", verbose_name="资助的会员")
    place = models.ForeignKey(
        Organisation, models.PROTECT, null=True, related_name="+", verbose_name="资助哪里的困难职工"
    )
    fixed_fen = models.PositiveIntegerField("每人每年最多（分）", null=True)  # null: all of the worker's part
    from_year = models.PositiveSmallIntegerField("从哪一年起")  # the year in which cover starts
    note = models.CharField("说明", max_length=120, blank=True)
    recorded_by = models.CharField("登记人编号", max_length=60)
    recorded_by_name = models.CharField("登记人", max_length=80)
    recorded_at = models.DateTimeField("登记时间")
    withdrawn_at = models.DateTimeField("撤回时间", null=True)
    withdrawn_reason = models.CharField("撤回原因", max_length=120, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "资助承诺"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(member__isnull=False, place__isnull=True)
                | models.Q(member__isnull=True, place__isnull=False),
                name="a_pledge_is_for_a_member_or_a_place",
            ),
            models.CheckConstraint(
                condition=models.Q(fixed_fen__isnull=True) | models.Q(fixed_fen__gt=0),
                name="a_pledge_is_not_for_nothing",
            ),
        )

    def __str__(self) -> str:
        return f"资助承诺 {self.pk}"  # the trail is read by people who may not know who pays


class Share(models.Model):
    """One payer's part of a due; the shares of a due sum to it. Cash-back is a memo beside them."""

    due = models.ForeignKey(ContributionDue, models.PROTECT, related_name="shares", verbose_name="应缴")
    pledge = models.ForeignKey(
        Pledge, models.PROTECT, null=True, related_name="shares", verbose_name="资助承诺"
    )
    payer = models.CharField("缴费方", max_length=12, choices=Payer)
    payer_name = models.CharField("缴费方名称", max_length=80)
    amount_fen = models.BigIntegerField("应缴（分）")
    received_fen = models.BigIntegerField("已收（分）", default=0)
    cash_back_fen = models.BigIntegerField("单位补给职工的现金（分，备查）", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "分担"
        constraints = (
            models.UniqueConstraint(
                fields=("due", "payer", "payer_name"),
                condition=models.Q(pledge__isnull=True),
                name="a_payer_once_a_due",
            ),
            models.UniqueConstraint(fields=("due", "pledge"), name="a_pledge_once_a_due"),
            models.CheckConstraint(
                condition=models.Q(received_fen__gte=0, received_fen__lte=models.F("amount_fen")),
                name="received_is_at_most_the_share",
            ),
        )

    @property
    def left_fen(self) -> int:
        """What has not come in yet."""
        return self.amount_fen - self.received_fen


class Gift(models.Model):
    """What a pledge pays of one participation; the gifts of a share sum to it."""

    share = models.ForeignKey(Share, models.PROTECT, related_name="gifts", verbose_name="分担")
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="gifts", verbose_name="参保")
    amount_fen = models.PositiveIntegerField("金额（分）")

    class Meta:
        verbose_name = verbose_name_plural = "资助"
        constraints = (
            models.UniqueConstraint(fields=("share", "enrolment"), name="a_gift_once_a_participation"),
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="a_gift_is_positive"),
        )


class LineUse(models.Model):
    """What a movement on the bank's paper was found to be; taken back, the line is free again."""

    class Kind(models.TextChoices):
        FEES = "fees", "会费"
        SUSPENSE = "suspense", "待查收款"
        INTEREST = "interest", "利息"
        BANK_FEE = "fee", "手续费"
        REFUND = "refund", "退费付出"
        RETURNED = "returned", "退费退汇"
        CLAW_BACK = "claw_back", "会员退回互助金"
        SENT_BACK = "sent_back", "待查收款退回"
        AID_BACK = "aid_back", "银行退回互助金"

    line = models.ForeignKey(StatementLine, models.PROTECT, related_name="uses", verbose_name="银行流水")
    kind = models.CharField("是什么", max_length=10, choices=Kind)
    # what a person had registered of it without the statement: the use is of the rest
    by_hand_fen = models.BigIntegerField("先前手工登记的（分）", default=0)
    voucher = models.OneToOneField(Voucher, models.PROTECT, null=True, related_name="+", verbose_name="凭证")
    used_by = models.CharField("认领人编号", max_length=60)
    used_by_name = models.CharField("认领人", max_length=80)
    used_at = models.DateTimeField("认领时间")
    ended_at = models.DateTimeField("撤销或转出时间", null=True)
    reason = models.CharField("撤销原因", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "银行流水的认领"
        constraints = (
            models.UniqueConstraint(
                fields=("line",), condition=models.Q(ended_at__isnull=True), name="a_line_is_used_once"
            ),
        )

    @property
    def amount_fen(self) -> int:
        """What of the line it is about."""
        return self.line.amount_fen - self.by_hand_fen


class OfficialReceipt(models.Model):
    """The paper (收据) for a transfer and employer, without a gap in its numbers; what is taken back has a red one below zero."""

    agency = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="代办处")
    employer = models.ForeignKey(
        Organisation, models.PROTECT, null=True, related_name="+", verbose_name="单位"
    )
    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveIntegerField("序号")
    bank_reference = models.CharField("银行流水号", max_length=60, db_index=True)
    amount_fen = models.BigIntegerField("金额（分）")
    red_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="reds", verbose_name="冲哪张")
    is_void = models.BooleanField("已全额冲销", default=False)
    issued_at = models.DateTimeField("开具时间")
    issued_by = models.CharField("开具人", max_length=80)
    printed_count = models.PositiveIntegerField("已打印次数", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "收据"
        constraints = (
            models.UniqueConstraint(fields=("agency", "year", "number"), name="a_receipt_number_once"),
            models.UniqueConstraint(
                fields=("bank_reference", "employer"),
                condition=models.Q(red_of__isnull=True, is_void=False),
                name="a_transfer_has_one_paper_an_employer",
            ),
            models.CheckConstraint(condition=models.Q(number__gt=0), name="receipt_numbers_begin_at_1"),
            models.CheckConstraint(
                condition=models.Q(red_of__isnull=True, amount_fen__gt=0)
                | models.Q(red_of__isnull=False, amount_fen__lt=0, is_void=False),
                name="a_red_receipt_is_below_zero",
            ),
        )

    def __str__(self) -> str:
        return f"{self.agency.code}-{self.year}-{self.number:06d}"


class Prepaid(models.Model):
    """What came above the dues: the employer's money, until it is used for a due or paid back."""

    employer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="单位")
    scheme_slug = models.CharField("方案", max_length=40)
    fund_year = models.PositiveSmallIntegerField("基金年度")
    bank_reference = models.CharField("银行流水号", max_length=60)
    amount_fen = models.BigIntegerField("多缴（分）")
    left_fen = models.BigIntegerField("还剩（分）")
    use = models.ForeignKey(LineUse, models.PROTECT, null=True, related_name="prepaid", verbose_name="认领")
    paper = models.ForeignKey(OfficialReceipt, models.PROTECT, related_name="prepaid", verbose_name="收据")
    red = models.ForeignKey(
        OfficialReceipt, models.PROTECT, null=True, related_name="+", verbose_name="红字收据"
    )  # the transfer was taken back
    voucher = models.OneToOneField(Voucher, models.PROTECT, related_name="+", verbose_name="凭证")
    recorded_at = models.DateTimeField("登记时间")

    class Meta:
        verbose_name = verbose_name_plural = "多缴款"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(left_fen__gte=0, left_fen__lte=models.F("amount_fen"), amount_fen__gt=0),
                name="prepaid_left_is_part_of_it",
            ),
            models.CheckConstraint(
                condition=models.Q(red__isnull=True) | models.Q(left_fen=0),
                name="what_was_taken_back_has_nothing_left",
            ),
        )


class Receipt(models.Model):
    """Money that came for a share, posted; what is taken back or refunded is another row below zero, so that rows sum up."""

    share = models.ForeignKey(Share, models.PROTECT, related_name="receipts", verbose_name="分担")
    amount_fen = models.BigIntegerField("金额（分）")
    received_on = models.DateField("到账日")
    bank_reference = models.CharField("银行流水号", max_length=60)
    part = models.PositiveSmallIntegerField("第几笔", default=1)  # one transfer may pay several shares
    voucher = models.ForeignKey(Voucher, models.PROTECT, related_name="+", verbose_name="凭证")
    paper = models.ForeignKey(
        OfficialReceipt, models.PROTECT, null=True, related_name="parts", verbose_name="收据"
    )  # none where the money has its paper already: used from what was paid too much
    use = models.ForeignKey(LineUse, models.PROTECT, null=True, related_name="receipts", verbose_name="认领")
    prepaid = models.ForeignKey(
        Prepaid, models.PROTECT, null=True, related_name="receipts", verbose_name="从多缴款"
    )
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="reversed_by", verbose_name="冲销哪一笔"
    )
    refund = models.ForeignKey(
        Refund, models.PROTECT, null=True, related_name="receipts", verbose_name="退费"
    )
    recorded_by = models.CharField("登记人编号", max_length=60)
    recorded_at = models.DateTimeField("登记时间")

    class Meta:
        verbose_name = verbose_name_plural = "到账"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(amount_fen__gt=0, reverses__isnull=True, refund__isnull=True)
                | models.Q(amount_fen__lt=0, reverses__isnull=False, refund__isnull=True)
                | models.Q(amount_fen__lt=0, reverses__isnull=True, refund__isnull=False),
                name="a_receipt_below_zero_says_why",
            ),
            models.UniqueConstraint(fields=("bank_reference", "part"), name="a_transfer_is_recorded_once"),
        )


class BankSlip(SealedModel):
    """What an employer says it has paid for a roster: the bank's slip (回单), waiting for the agency to find the money."""

    class State(models.TextChoices):
        WAITING = "waiting", "等登记到账"
        REGISTERED = "registered", "已登记到账"
        REFUSED = "refused", "已退回"

    roster = models.ForeignKey(Roster, models.PROTECT, related_name="slips", verbose_name="名册")
    file = models.OneToOneField(StoredFile, models.PROTECT, related_name="+", verbose_name="回单")
    amount_fen = models.BigIntegerField("金额（分）")
    paid_on = models.DateField("付款日")
    bank_reference = models.CharField("银行流水号", max_length=60)
    state = models.CharField("状态", max_length=10, choices=State, default=State.WAITING)
    reason = models.CharField("退回原因", max_length=120, blank=True)
    uploaded_at = models.DateTimeField("上传时间")
    uploaded_by = models.CharField("上传人", max_length=80)
    settled_at = models.DateTimeField("处理时间", null=True)
    settled_by = models.CharField("处理人", max_length=80, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "银行回单"
        constraints = (
            models.UniqueConstraint(
                fields=("bank_reference",),
                condition=~models.Q(state="refused"),
                name="a_slip_is_uploaded_once",
            ),
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="a_slip_is_positive"),
            models.CheckConstraint(
                condition=models.Q(state="waiting", settled_at__isnull=True)
                | (~models.Q(state="waiting") & models.Q(settled_at__isnull=False)),
                name="a_settled_slip_says_when",
            ),
        )


class CollectingAccount(models.Model):
    """Where members' fees of an agency are paid to: proposed by one person, in use after another has confirmed it."""

    agency = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="代办处")
    holder = models.CharField("户名", max_length=80)
    bank_name = models.CharField("开户行", max_length=80)
    number = models.CharField("账号", max_length=40)
    proposed_by = models.CharField("登记人编号", max_length=60)
    proposed_by_name = models.CharField("登记人", max_length=80)
    proposed_at = models.DateTimeField("登记时间")
    confirmed_by_name = models.CharField("确认人", max_length=80, blank=True)
    confirmed_at = models.DateTimeField("确认时间", null=True)
    ended_at = models.DateTimeField("停用时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "收款账户（代办处）"
        constraints = (
            models.UniqueConstraint(
                fields=("agency",),
                condition=models.Q(confirmed_at__isnull=False, ended_at__isnull=True),
                name="one_collecting_account_in_use",
            ),
            models.UniqueConstraint(
                fields=("agency",),
                condition=models.Q(confirmed_at__isnull=True, ended_at__isnull=True),
                name="one_collecting_account_proposed",
            ),
        )
