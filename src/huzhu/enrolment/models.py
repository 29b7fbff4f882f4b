"""Rosters in, cover out."""

import datetime as dt
from typing import Self

from django.db import models

from huzhu.db.fields import BlindIndexField, EncryptedTextField
from huzhu.db.models import SealedModel
from huzhu.files.models import StoredFile
from huzhu.members.models import Member
from huzhu.organisations.models import Organisation
from huzhu.schemes.models import SchemeEdition


class Way(models.TextChoices):
    """How people come in; an edition says which ways it allows (the fact `way` of common/entry)."""

    GROUP = "group", "随单位"
    INDIVIDUAL = "individual", "个人"
    PLATFORM = "platform", "随平台企业"


class Roster(SealedModel):
    """One uploaded list of one employer: rows are staged, and one change of state makes the good ones enrolments."""

    class State(models.TextChoices):
        READING = "reading", "读取中"
        MAPPING = "mapping", "待认列"
        STAGED = "staged", "待确认"
        ACCEPTING = "accepting", "确认中"
        AT_COUNTY = "at_county", "待县区审批"
        AT_AGENCY = "at_agency", "待代办处审批"
        ACCEPTED = "accepted", "已参保"
        CANCELLED = "cancelled", "已作废"

    employer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="单位")
    editions = models.ManyToManyField(SchemeEdition, related_name="+", verbose_name="方案")
    way = models.CharField("参加方式", max_length=10, choices=Way, default=Way.GROUP)
    cover_starts_on = models.DateField("保障期起日")
    file = models.ForeignKey(  # an individual's application comes without a sheet
        StoredFile, models.PROTECT, null=True, related_name="+", verbose_name="文件"
    )
    state = models.CharField("状态", max_length=10, choices=State, default=State.STAGED)
    uploaded_at = models.DateTimeField("上传时间")
    uploaded_by = models.CharField("上传人编号", max_length=60)
    settled_at = models.DateTimeField("确认时间", null=True)
    reading = models.JSONField("读法", default=dict)  # page, top, columns, source: see columns.Reading
    sample = EncryptedTextField("头几行", null=True)  # what the page of columns shows, JSON
    draft = models.UUIDField("这一遍", null=True)  # who fills it just now; another one takes over by another
    said = models.CharField("说明", max_length=300, blank=True)  # why it could not be read
    numbers = models.JSONField("编号段", default=dict)  # edition → [first, how many] certificate numbers

    class Meta:
        verbose_name = verbose_name_plural = "名册"


class ColumnHabit(models.Model):
    """Which column is what in the sheets of one employer that have this header."""

    employer = models.ForeignKey(Organisation, models.CASCADE, related_name="+", verbose_name="单位")
    header = models.CharField("表头的摘要", max_length=64)
    columns = models.JSONField("列")  # our column → place from 0
    used_at = models.DateTimeField("最近使用")

    class Meta:
        verbose_name = verbose_name_plural = "列的读法"
        constraints = (
            models.UniqueConstraint(fields=("employer", "header"), name="a_header_is_read_one_way"),
        )


class ReadRows(models.Manager["RosterRow"]):
    """Rows of rosters that were read to the end."""

    def get_queryset(self) -> models.QuerySet["RosterRow"]:
        return super().get_queryset().exclude(roster__state=Roster.State.READING)


class UnreadRows(models.Manager["RosterRow"]):
    """Rows of rosters that are being read: for the reader alone."""

    def get_queryset(self) -> models.QuerySet["RosterRow"]:
        return super().get_queryset().filter(roster__state=Roster.State.READING)


class RosterRow(SealedModel):
    """One line of the sheet as it was read, with what is wrong with each cell."""

    roster = models.ForeignKey(
        Roster, models.CASCADE, related_name="rows", verbose_name="名册", db_index=False
    )
    number = models.PositiveIntegerField("行号")
    name = models.CharField("姓名", max_length=80, blank=True)
    id_number = EncryptedTextField("身份证号", null=True)
    id_number_index = BlindIndexField("身份证号索引", source="id_number")
    phone = EncryptedTextField("手机", null=True)
    sex = models.CharField("性别", max_length=10, blank=True)  # as the sheet says it
    bank_name = models.CharField("开户行", max_length=60, blank=True)
    account = EncryptedTextField("银行账号", null=True)
    insured = models.CharField("职工医保", max_length=20, blank=True, default="")  # as the sheet says it
    shares = models.CharField("份数", max_length=6, blank=True, default="")
    member = models.ForeignKey(  # whom the number is registered for, as it was when the row was judged
        Member, models.PROTECT, null=True, db_index=False, related_name="+", verbose_name="会员"
    )
    problems = models.JSONField("问题", default=dict)  # column → sentence; empty when the row is good
    joins = models.CharField(
        "将参加", max_length=60, blank=True
    )  # ids of editions, "1,3"; empty when it is not good

    objects = ReadRows()
    unread = UnreadRows()

    class Meta:
        verbose_name = verbose_name_plural = "名册行"
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("roster", "number"), name="a_row_of_a_roster_once"),)
        indexes = (
            models.Index(fields=("roster", "number"), condition=models.Q(joins=""), name="rows_to_mend"),
        )


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def in_force(self) -> Self:
        """What begins just now, in slices, counts when all of it has begun."""
        return self.filter(~self._begins(), state=Enrolment.State.IN_FORCE)

    def begun(self, day: dt.date) -> Self:
        """Cover that runs, or has run, on the day: paid for, perhaps just being written, and its first day has come."""
        states = Enrolment.State
        paid = models.Q(state=states.IN_FORCE) | models.Q(self._begins(), state=states.AWAITING_PAYMENT)
        return self.filter(paid, cover_starts_on__lte=day)

    def _begins(self) -> models.Exists:
        same = {"roster": models.OuterRef("roster"), "edition": models.OuterRef("edition")}
        return models.Exists(Beginning.objects.filter(**same))

    def covering(self, day: dt.date) -> Self:
        """Cover is half-open: [starts, ends)."""
        return self.filter(cover_starts_on__lte=day, cover_ends_on__gt=day)


THROUGH = models.Q(roster=None) | models.Q(roster__state=Roster.State.ACCEPTED)
NUMBERED = models.Q(roster__state=Roster.State.ACCEPTING) & ~models.Q(roster__numbers={})


class Ready(models.Manager.from_queryset(EnrolmentQuerySet)):  # type: ignore[misc]  # a class made by a call
    """Participations of accepted rosters, and those without a roster: what everybody sees."""

    def get_queryset(self) -> EnrolmentQuerySet:
        found: EnrolmentQuerySet = super().get_queryset().filter(THROUGH)
        return found


class Coming(models.Manager.from_queryset(EnrolmentQuerySet)):  # type: ignore[misc]  # a class made by a call
    """With those of rosters that have their numbers, which nothing refuses any more: what somebody who joins must not cross."""

    def get_queryset(self) -> EnrolmentQuerySet:
        found: EnrolmentQuerySet = super().get_queryset().filter(THROUGH | NUMBERED)
        return found


class Enrolment(SealedModel):
    """One member's cover under one edition for one period."""

    class State(models.TextChoices):
        AWAITING_PAYMENT = "awaiting", "待缴费"
        IN_FORCE = "in_force", "保障中"
        VOID = "void", "已作废"

    member = models.ForeignKey(Member, models.PROTECT, related_name="enrolments", verbose_name="会员")
    edition = models.ForeignKey(SchemeEdition, models.PROTECT, related_name="+", verbose_name="方案版次")
    scheme_slug = models.CharField("方案", max_length=40)
    employer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="参保单位")
    roster = models.ForeignKey(
        Roster, models.PROTECT, null=True, related_name="enrolments", verbose_name="名册", db_index=False
    )
    cover_starts_on = models.DateField("保障期起日")
    cover_ends_on = models.DateField("保障期止日（不含）")
    covered_since_on = models.DateField("连续参加的起日")
    state = models.CharField("状态", max_length=10, choices=State, default=State.AWAITING_PAYMENT)
    certificate_no = models.CharField("互助金保障书编号", max_length=40, unique=True, null=True)
    verify_token = models.CharField("查验码", max_length=32, unique=True, null=True)
    shares = models.PositiveSmallIntegerField("份数", default=1)  # the fee is paid as many times
    ordinal = models.PositiveIntegerField("名册内次序", null=True)  # from 1, in each edition
    print_count = models.PositiveIntegerField("打印次数", default=0)  # of the certificate that is valid now

    objects = Ready()
    coming = Coming()
    unready = models.Manager()  # with those that are being prepared: for the verbs that write them alone

    class Meta:
        verbose_name = verbose_name_plural = "参保"
        constraints = (
            models.UniqueConstraint(
                fields=("member", "scheme_slug", "cover_starts_on"),
                condition=~models.Q(state="void"),
                name="one_participation_a_person_scheme_and_period",
            ),
            models.CheckConstraint(
                condition=models.Q(cover_ends_on__gt=models.F("cover_starts_on")), name="cover_has_days"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="in_force")
                | models.Q(certificate_no__isnull=False, verify_token__isnull=False),
                name="cover_in_force_has_a_certificate",
            ),
        )
        indexes = (models.Index(fields=("roster", "ordinal"), name="enrolments_in_slices"),)

    @property
    def fee_fen(self) -> int:
        """What is paid for it by everybody together."""
        return self.edition.fee_for(self.roster.way if self.roster else Way.GROUP) * self.shares

    @property
    def is_in_force(self) -> bool:
        """As `in_force` counts it: not while its roster's cover is being written."""
        begins = Beginning.objects.filter(roster=self.roster_id, edition=self.edition_id)
        return self.state == self.State.IN_FORCE and not begins.exists()


class Beginning(models.Model):
    """Cover of a large roster that is paid for and begins: the worker writes its rows, and deletes this when all are."""

    roster = models.ForeignKey(Roster, models.CASCADE, related_name="beginnings", verbose_name="名册")
    edition = models.ForeignKey(SchemeEdition, models.PROTECT, related_name="+", verbose_name="方案版次")

    class Meta:
        verbose_name = verbose_name_plural = "正在生效"
        constraints = (
            models.UniqueConstraint(fields=("roster", "edition"), name="cover_of_a_roster_begins_once"),
        )


class CertificateSeries(models.Model):
    """How far the certificate numbers of one year, agency and edition have been given out, without a gap."""

    prefix = models.CharField("编号的前段", max_length=24, unique=True)
    last = models.PositiveIntegerField("最后一个")

    class Meta:
        verbose_name = verbose_name_plural = "保障书编号"


class Application(SealedModel):
    """Somebody who asks to join by themself, before and without being a member; approved, it becomes a roster of one.

    Identity, phone and account are sealed; the code that proves the phone is kept as a keyed digest.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "没填完"
        SUBMITTED = "submitted", "待审核"
        RETURNED = "returned", "待修改"
        APPROVED = "approved", "待缴费"
        REFUSED = "refused", "不予参加"
        WITHDRAWN = "withdrawn", "已撤回"
        LAPSED = "lapsed", "逾期失效"

    class Occupation(models.TextChoices):
        RIDER = "rider", "外卖、快递骑手"
        DRIVER = "driver", "网约车、货车司机"
        DOMESTIC = "domestic", "家政、护理"
        STREAMER = "streamer", "网络主播、电商"
        OTHER = "other", "其他灵活就业"

    number = models.CharField(
        "申请编号", max_length=24, unique=True, null=True
    )  # also the reference of the transfer
    edition = models.ForeignKey(SchemeEdition, models.PROTECT, related_name="+", verbose_name="方案版次")
    agency = models.ForeignKey(
        Organisation, models.PROTECT, null=True, related_name="+", verbose_name="代办处"
    )
    name = models.CharField("姓名", max_length=40)
    id_number = EncryptedTextField("身份证号")
    id_number_index = BlindIndexField("身份证号索引", source="id_number")
    id_number_last4 = BlindIndexField("身份证号末四位索引", source="id_number", part="last4")
    phone = EncryptedTextField("手机")
    phone_index = BlindIndexField("手机索引", source="phone")
    occupation = models.CharField("职业", max_length=10, choices=Occupation, blank=True)
    platform = models.CharField("平台或服务的单位", max_length=60, blank=True)
    insured = models.CharField("职工医保", max_length=8, blank=True)  # yes or no, as the person says
    already_ill = models.BooleanField("参加前已患目录内疾病", null=True)
    bank_name = models.CharField("开户行", max_length=60, blank=True)
    account = EncryptedTextField("银行账号", null=True)
    digest = models.CharField("验证码摘要", max_length=80, blank=True)
    code_sent_at = models.DateTimeField("验证码发出时间", null=True)
    tries = models.PositiveSmallIntegerField("试过次数", default=0)
    proved_at = models.DateTimeField("手机验证时间", null=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.DRAFT)
    started_at = models.DateTimeField("开始时间")
    submitted_at = models.DateTimeField("提交时间", null=True)
    settled_at = models.DateTimeField("办结时间", null=True)
    settled_by = models.CharField("办理人编号", max_length=60, blank=True)
    reminded_at = models.DateTimeField("提醒缴费的时间", null=True)
    reason = models.CharField("退回或不予参加的原因", max_length=200, blank=True)
    roster = models.OneToOneField(
        Roster, models.PROTECT, null=True, related_name="application", verbose_name="名册"
    )

    class Meta:
        verbose_name = verbose_name_plural = "个人参加申请"
        constraints = (
            models.UniqueConstraint(
                fields=("id_number_index", "edition"),
                condition=models.Q(state__in=("submitted", "returned")),
                name="one_open_application_a_person_and_scheme",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=("draft", "withdrawn")) | models.Q(number__isnull=False),
                name="a_submitted_application_has_a_number",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="approved") | models.Q(roster__isnull=False),
                name="an_approved_application_has_its_roster",
            ),
        )

    def __str__(self) -> str:
        return self.number or "没填完的参加申请"

    @property
    def organisation(self) -> Organisation | None:
        """Whose outbox its notices belong to."""
        return self.agency

    @property
    def actor_id(self) -> str:
        return f"applicant:{self.pk}"

    @property
    def actor_name(self) -> str:
        return f"{self.name}（申请参加）"


class Renewal(models.Model):
    """An employer's next period in the making: last period's people, ticked or leaving, and who joins."""

    employer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="单位")
    ends_on = models.DateField("原保障止日（不含）")
    starts_on = models.DateField("新保障起日")
    way = models.CharField("参加方式", max_length=10, choices=Way, default=Way.GROUP)
    begun_at = models.DateTimeField("开始时间")
    submitted_at = models.DateTimeField("提交时间", null=True)
    version = models.PositiveIntegerField(
        "第几稿", default=0
    )  # grows with every change: what was reckoned of which
    rosters = models.ManyToManyField(Roster, related_name="renewals", verbose_name="名册")

    class Meta:
        verbose_name = verbose_name_plural = "续保"
        constraints = (
            models.UniqueConstraint(fields=("employer", "ends_on"), name="a_period_is_renewed_once"),
        )


class RenewalLine(SealedModel):
    """One person of a renewal: with a member from last period's list, without one joining now."""

    class Reason(models.TextChoices):
        RETIRED = "retired", "退休"
        MOVED = "moved", "调出"
        RESIGNED = "resigned", "离职"
        DIED = "died", "去世"
        UNWILLING = "unwilling", "不再参加"

    renewal = models.ForeignKey(Renewal, models.CASCADE, related_name="lines", verbose_name="续保")
    number = models.PositiveIntegerField("次序")
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", verbose_name="会员")
    name = models.CharField("姓名", max_length=80, blank=True)
    id_number = EncryptedTextField("身份证号", null=True)
    phone = EncryptedTextField("手机", null=True)
    schemes = models.CharField("方案", max_length=200)  # slugs, "a,b"
    insured = models.CharField("职工医保", max_length=20, blank=True, default="")
    shares = models.CharField("份数", max_length=6, blank=True, default="")
    reason = models.CharField("不续的原因", max_length=10, choices=Reason, blank=True)  # empty: takes part

    class Meta:
        verbose_name = verbose_name_plural = "续保名单"
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("renewal", "number"), name="a_line_of_a_renewal_once"),
            models.UniqueConstraint(fields=("renewal", "member"), name="a_member_once_a_renewal"),
        )


class Reminder(models.Model):
    """A member was told that a period ends: once for each step."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name="会员")
    ends_on = models.DateField("保障止日（不含）")
    step_days = models.PositiveSmallIntegerField("提前天数")
    sent_at = models.DateTimeField("发出时间")

    class Meta:
        verbose_name = verbose_name_plural = "到期提醒"
        constraints = (
            models.UniqueConstraint(
                fields=("member", "ends_on", "step_days"), name="a_step_is_reminded_of_once"
            ),
        )


class ApprovalRule(models.Model):
    """Who must approve rosters of the employers below before anybody joins."""

    class Steps(models.TextChoices):
        NONE = "none", "不需要审批"
        COUNTY = "county", "县区审批"
        BOTH = "both", "县区审批，再由代办处审批"

    organisation = models.OneToOneField(
        Organisation, models.PROTECT, related_name="+", verbose_name="机构（及下属）"
    )
    steps = models.CharField("审批", max_length=8, choices=Steps)

    class Meta:
        verbose_name = verbose_name_plural = "名册审批"


class ApprovalStep(models.Model):
    """One step of a roster's approval, in the order of their ids; the last one may be waiting."""

    class State(models.TextChoices):
        SUBMITTED = "submitted", "已提交"
        WAITING = "waiting", "等待审批"
        APPROVED = "approved", "已同意"
        RETURNED = "returned", "已退回"

    roster = models.ForeignKey(Roster, models.PROTECT, related_name="steps", verbose_name="名册")
    office = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="机构")
    state = models.CharField("状态", max_length=10, choices=State)
    actor_id = models.CharField("经办人编号", max_length=60, blank=True)
    actor_name = models.CharField("经办人", max_length=80, blank=True)
    at = models.DateTimeField("时间", null=True)
    reason = models.CharField("理由", max_length=200, blank=True)
    good_only = models.BooleanField("只收好的行", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "审批步骤"
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("roster",), condition=models.Q(state="waiting"), name="a_roster_waits_for_one_office"
            ),
        )


class CertificateVoid(models.Model):
    """A certificate that one person proposes to void and another confirms; its cover stays as it is."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "待复核"
        VOID = "void", "已作废"
        KEPT = "kept", "不予作废"

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="voided", verbose_name="参保")
    certificate_no = models.CharField("保障书编号", max_length=40)
    verify_token = models.CharField("查验码", max_length=32)
    state = models.CharField("状态", max_length=10, choices=State, default=State.PROPOSED)
    reason = models.CharField("理由", max_length=200)
    proposed_by = models.CharField("提出人编号", max_length=60)
    proposed_name = models.CharField("提出人", max_length=80)
    proposed_at = models.DateTimeField("提出时间")
    settled_name = models.CharField("复核人", max_length=80, blank=True)
    settled_at = models.DateTimeField("复核时间", null=True)
    replaced_by = models.CharField("换发编号", max_length=40, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "保障书作废"
        constraints = (
            models.UniqueConstraint(
                fields=("certificate_no",),
                condition=~models.Q(state="kept"),
                name="a_certificate_is_voided_once",
            ),
        )
