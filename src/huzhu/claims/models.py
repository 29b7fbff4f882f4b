"""What the member says and shows: one claim is one event, with its settlement and papers."""

from django.db import models
from django.db.models.functions import Length

from huzhu.db.fields import BlindIndexField, EncryptedTextField
from huzhu.db.models import SealedModel
from huzhu.files.models import StoredFile
from huzhu.members.models import BankAccount, Member
from huzhu.organisations.models import Organisation
from huzhu.users.models import User

# Numbers in the order in which they are given: year, then place. A place has six digits or more, and by text alone
# 2022-1000000 would stand before 2022-999999. No figure is a parameter here: a plan made once must know the index again.
IN_ORDER = (
    models.Func(
        "number",
        function="SUBSTR",
        template="%(function)s(%(expressions)s, 1, 4)",
        output_field=models.CharField(),
    ),
    Length("number"),
    models.F("number"),
)


class State(models.TextChoices):
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "已提交"
    RETURNED = "returned", "待补正"
    REPORTED = "reported", "已上报"
    DECIDED = "decided", "已核定"
    PAYING = "paying", "发放中"
    PAID = "paid", "已到账"
    REFUSED = "refused", "不予给付"
    WITHDRAWN = "withdrawn", "已撤回"


class Claim(SealedModel):
    """One event of one member. Its office is the city agency that gives the first opinion."""

    class Applicant(models.TextChoices):
        SELF = "self", "本人"
        RELATIVE = "relative", "亲属"
        COLLEAGUE = "colleague", "同事"

    class Channel(models.TextChoices):
        PHONE = "phone", "手机"
        COUNTER = "counter", "柜台"
        BUREAU = "bureau", "医保数据"

    number = models.CharField("申请编号", max_length=20, unique=True)
    member = models.ForeignKey(Member, models.PROTECT, related_name="claims", verbose_name="会员")
    employer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="单位")
    office = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="代办处")
    state = models.CharField("状态", max_length=10, choices=State, default=State.DRAFT)
    is_urgent = models.BooleanField("加急", default=False)
    urgent_reason = models.CharField("加急理由", max_length=120, blank=True)
    urgent_at = models.DateTimeField("设为加急", null=True)  # null of what was urgent before this was kept
    channel = models.CharField("渠道", max_length=8, choices=Channel)
    applicant = models.CharField("申请人", max_length=10, choices=Applicant, default=Applicant.SELF)
    applicant_name = models.CharField("申请人姓名", max_length=40, blank=True)
    kinds = models.JSONField("申请的项目", default=list)  # of inpatient, critical, women, accident
    hospital_name = models.CharField("医院", max_length=80, blank=True)
    hospital_grade = models.CharField("医院等级", max_length=6, blank=True)
    admitted_on = models.DateField("入院日期", null=True)
    discharged_on = models.DateField("出院日期", null=True)
    diagnosed_on = models.DateField("首次确诊日期", null=True)
    diagnosis = EncryptedTextField("疾病编码", null=True)
    severity = EncryptedTextField("病情类别", null=True)
    accident_on = models.DateField("意外发生日期", null=True)
    disability_grade = models.CharField("伤残等级", max_length=3, blank=True)
    account = models.ForeignKey(
        BankAccount, models.PROTECT, null=True, related_name="+", verbose_name="收款账户"
    )
    drafted_at = models.DateTimeField("开始填写")
    submitted_at = models.DateTimeField("提交", null=True)
    complete_at = models.DateTimeField("材料齐全", null=True)
    reported_at = models.DateTimeField("上报", null=True)
    decided_at = models.DateTimeField("核定", null=True)
    paid_at = models.DateTimeField("到账", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "给付申请"
        # with the member: a slice of a run asks for some members' claims, and never for all that stand alike
        indexes = (
            models.Index(fields=("state", "member"), name="claims_by_state_and_member"),
            models.Index(*IN_ORDER, name="claims_in_order"),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=("draft", "withdrawn")) | models.Q(submitted_at__isnull=False),
                name="what_left_draft_was_submitted",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=("reported", "decided", "paying", "paid"))
                | models.Q(reported_at__isnull=False),
                name="what_was_decided_was_reported",
            ),
            models.CheckConstraint(
                condition=models.Q(urgent_at__isnull=True) | models.Q(is_urgent=True),
                name="only_the_urgent_became_so",
            ),
        )

    def __str__(self) -> str:
        return self.number


class Raise(SealedModel):
    """A reviewer put the illness into a graver class than was claimed, by a paper and with a reason."""

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="raises", verbose_name="申请")
    was = EncryptedTextField("原来的类别")
    became = EncryptedTextField("改为")
    paper = models.CharField("凭哪份材料", max_length=40)
    reason = EncryptedTextField("理由")
    raised_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="改的人")
    raised_at = models.DateTimeField("时间")

    class Meta:
        verbose_name = verbose_name_plural = "病情类别改重"


class Pause(models.Model):
    """The clock stands still from a return notice until the papers are complete again."""

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="pauses", verbose_name="申请")
    reason = models.CharField("缺什么", max_length=200)
    asked_by = models.CharField("退回人编号", max_length=60)
    from_at = models.DateTimeField("停表")
    to_at = models.DateTimeField("恢复", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "停表"
        constraints = (
            models.UniqueConstraint(
                fields=("claim",), condition=models.Q(to_at__isnull=True), name="one_open_pause_a_claim"
            ),
        )


class Settlement(SealedModel):
    """The figures of the insurance settlement sheet, sealed; a settlement is claimed once, anywhere."""

    claim = models.OneToOneField(Claim, models.PROTECT, related_name="settlement", verbose_name="申请")
    setl_id = EncryptedTextField("结算编号")
    setl_id_index = BlindIndexField("结算编号索引", source="setl_id", unique=True)
    figures = EncryptedTextField("数字")  # canonical JSON: bureau name → decimal yuan
    settled_at = models.DateTimeField("结算时间", null=True)
    reversed_at = models.DateTimeField("作废时间", null=True)  # from then on the stay pays nothing

    class Meta:
        verbose_name = verbose_name_plural = "医保结算单"


class SettlementChange(SealedModel):
    """The bureau reversed a settlement that was claimed on, or settled it anew; what it said before is kept here."""

    class Kind(models.TextChoices):
        REVERSED = "reversed", "作废（退费）"
        CORRECTED = "corrected", "更正（重新结算）"

    class State(models.TextChoices):
        OPEN = "open", "待重算"
        DONE = "done", "已办"
        DROPPED = "dropped", "已撤回"

    class Source(models.TextChoices):
        BUREAU = "bureau", "医保数据"
        DESK = "desk", "柜台"

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="settlement_changes", verbose_name="申请")
    kind = models.CharField("变动", max_length=10, choices=Kind)
    state = models.CharField("状态", max_length=10, choices=State, default=State.OPEN)
    source = models.CharField("来源", max_length=8, choices=Source)
    record_id = EncryptedTextField("医保记录编号", null=True)
    record_id_index = BlindIndexField("医保记录编号索引", source="record_id")
    was_setl_id = EncryptedTextField("原结算编号")
    was_setl_id_index = BlindIndexField("原结算编号索引", source="was_setl_id")
    was_figures = EncryptedTextField("原来的数字")
    was_settled_at = models.DateTimeField("原结算时间", null=True)
    reason = models.CharField("说明", max_length=200)
    paper = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+", verbose_name="凭什么")
    noted_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="登记人")
    noted_at = models.DateTimeField("登记时间")
    ended_at = models.DateTimeField("办结时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "医保结算变动"
        constraints = (
            models.UniqueConstraint(
                fields=("claim",), condition=models.Q(state="open"), name="one_open_change_a_settlement"
            ),
            models.CheckConstraint(
                condition=models.Q(source="bureau") | models.Q(paper__isnull=False),
                name="the_desk_shows_a_paper",
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", ended_at__isnull=True)
                | (~models.Q(state="open") & models.Q(ended_at__isnull=False)),
                name="an_ended_change_has_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.claim} 的医保结算{self.get_kind_display()}"


class Evidence(SealedModel):
    """One paper on the checklist."""

    class State(models.TextChoices):
        MISSING = "missing", "缺"
        RECEIVED = "received", "已收"
        UNCLEAR = "unclear", "看不清"
        WAIVED = "waived", "免交"

    claim = models.ForeignKey(
        Claim, models.PROTECT, related_name="papers", verbose_name="申请", db_index=False
    )
    kind = models.CharField("材料", max_length=30)
    label = models.CharField("名称", max_length=40)
    state = models.CharField("状态", max_length=10, choices=State, default=State.MISSING)
    reason = models.CharField("说明", max_length=120, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "材料"
        constraints = (
            models.UniqueConstraint(fields=("claim", "kind"), name="a_paper_once_a_claim"),
            models.CheckConstraint(
                condition=~models.Q(state="waived") | ~models.Q(reason=""), name="a_waiver_has_a_reason"
            ),
        )


class Page(SealedModel):
    """One photograph or PDF of a paper, in the order they came; a doubtful photograph waits for the person's word."""

    paper = models.ForeignKey(Evidence, models.CASCADE, related_name="pages", verbose_name="材料")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name="文件")
    place = models.PositiveSmallIntegerField("第几页")
    doubt = models.CharField("照片怎么样", max_length=40, blank=True)
    is_settled = models.BooleanField("不用再问", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "材料的一页"
        ordering = ("place",)
        constraints = (models.UniqueConstraint(fields=("paper", "place"), name="a_place_once_a_paper"),)

    @property
    def is_image(self) -> bool:
        return self.file.kind.startswith("image/")
