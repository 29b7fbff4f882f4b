"""The record of an employer beside the tree; what it said of joining only grows."""

from django.db import models

from huzhu.db.fields import EncryptedTextField
from huzhu.db.models import SealedModel
from huzhu.files.models import StoredFile
from huzhu.organisations.models import Organisation


class Industry(models.TextChoices):
    """Sections of GB/T 4754—2017, the national classification of industries."""

    A = "A", "农、林、牧、渔业"
    B = "B", "采矿业"
    C = "C", "制造业"
    D = "D", "电力、热力、燃气及水生产和供应业"
    E = "E", "建筑业"
    F = "F", "批发和零售业"
    G = "G", "交通运输、仓储和邮政业"
    H = "H", "住宿和餐饮业"
    I = "I", "信息传输、软件和信息技术服务业"  # noqa: E741  the standard's own letter
    J = "J", "金融业"
    K = "K", "房地产业"
    L = "L", "租赁和商务服务业"
    M = "M", "科学研究和技术服务业"
    N = "N", "水利、环境和公共设施管理业"
    O = "O", "居民服务、修理和其他服务业"  # noqa: E741  the standard's own letter
    P = "P", "教育"
    Q = "Q", "卫生和社会工作"
    R = "R", "文化、体育和娱乐业"
    S = "S", "公共管理、社会保障和社会组织"
    T = "T", "国际组织"


class Front(models.TextChoices):
    """Where the work is done, in the order of the work: employers first, whole industries, then society."""

    UNIT = "unit", "单位"
    INDUSTRY = "industry", "行业"
    SOCIETY = "society", "社会面"


class Profile(models.Model):
    """One employer's industry and front."""

    employer = models.OneToOneField(Organisation, models.PROTECT, related_name="+", verbose_name="单位")
    industry = models.CharField("行业", max_length=1, choices=Industry, blank=True)
    front = models.CharField("领域", max_length=10, choices=Front, default=Front.UNIT)

    class Meta:
        verbose_name = verbose_name_plural = "单位档案"


class HeadCount(models.Model):
    """How many work there in a year, by which paper; it counts once a clerk of the union has proved it."""

    class Source(models.TextChoices):
        PAYROLL = "payroll", "工资表"
        INSURANCE = "insurance", "社保缴费名单"
        STATEMENT = "statement", "单位证明"
        REPORTED = "reported", "上报"

    employer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="单位")
    year = models.PositiveSmallIntegerField("年度")
    count = models.PositiveIntegerField("在职职工数")
    source = models.CharField("来源", max_length=10, choices=Source)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="+", verbose_name="证明文件")
    told_at = models.DateTimeField("登记时间")
    told_by = models.CharField("登记人编号", max_length=60)
    told_by_name = models.CharField("登记人", max_length=80)
    proved_on = models.DateField("核实日期", null=True)
    proved_by = models.CharField("核实人编号", max_length=60, blank=True)
    proved_by_name = models.CharField("核实人", max_length=80, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "职工人数"
        ordering = ("-year", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(proved_on__isnull=True, proved_by="")
                | models.Q(proved_on__isnull=False, file__isnull=False) & ~models.Q(proved_by=""),
                name="a_proven_count_has_a_paper_and_a_person",
            ),
            models.CheckConstraint(
                condition=~models.Q(source="reported") | models.Q(proved_on__isnull=True),
                name="a_mere_report_proves_nothing",
            ),
        )


class Contact(SealedModel):
    """Whom to call; one of them is the main one."""

    employer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="单位")
    name = models.CharField("姓名", max_length=40)
    post = models.CharField("职务", max_length=40, blank=True)
    phone = EncryptedTextField("电话", null=True)
    wechat = EncryptedTextField("微信", null=True)
    is_main = models.BooleanField("主要联系人", default=False)
    is_current = models.BooleanField("在用", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "联系人"
        constraints = (
            models.UniqueConstraint(
                fields=("employer",),
                condition=models.Q(is_main=True, is_current=True),
                name="one_main_contact_an_employer",
            ),
        )

    def __str__(self) -> str:
        return self.name


class Stance(models.Model):
    """What an employer said of joining, on a day, and why not; rows are only added, the newest counts."""

    class Willing(models.TextChoices):
        UNKNOWN = "unknown", "未联系"
        YES = "yes", "愿意"
        WAITING = "waiting", "观望"
        NO = "no", "不愿意"

    class Cause(models.TextChoices):
        MONEY = "money", "单位工会经费不足，或职工不愿全额自缴"
        UNAWARE = "unaware", "单位不了解互助保障"
        LATE_PAPERS = "late_papers", "结算单和票据开具滞后，造成误解"
        POLICY = "policy", "政策未覆盖个人和新业态"
        OTHER = "other", "其他"

    employer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="单位")
    willing = models.CharField("意愿", max_length=8, choices=Willing)
    willing_count = models.PositiveIntegerField("愿意参加的人数", null=True)
    cause = models.CharField("没有参加的原因", max_length=12, choices=Cause, blank=True)
    cause_note = models.CharField("原因说明", max_length=100, blank=True)
    said_on = models.DateField("日期")
    told_at = models.DateTimeField("登记时间")
    told_by = models.CharField("登记人编号", max_length=60)
    told_by_name = models.CharField("登记人", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "参加意愿"
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(cause="other") | ~models.Q(cause_note=""),
                name="another_cause_is_said_in_words",
            ),
        )


class InsuredSheet(models.Model):
    """One uploaded sheet of earlier insurance statistics: all of its rows count, or none."""

    class State(models.TextChoices):
        STAGED = "staged", "待确认"
        ACCEPTED = "accepted", "已导入"
        CANCELLED = "cancelled", "已作废"

    place = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="由谁导入")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name="文件")
    state = models.CharField("状态", max_length=10, choices=State, default=State.STAGED)
    uploaded_at = models.DateTimeField("上传时间")
    uploaded_by = models.CharField("上传人编号", max_length=60)

    class Meta:
        verbose_name = verbose_name_plural = "医保统计表"


class InsuredYear(models.Model):
    """Basic insurance of one organisation in one year, as the bureau counted; what it left blank is empty."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="机构")
    year = models.PositiveSmallIntegerField("年度")
    workers = models.PositiveIntegerField("参保职工数", null=True)
    stays = models.PositiveIntegerField("住院人次", null=True)
    pooled_fen = models.PositiveBigIntegerField("统筹支付额（分）", null=True)
    own_fen = models.PositiveBigIntegerField("个人自付额（分）", null=True)
    sheet = models.ForeignKey(InsuredSheet, models.PROTECT, related_name="rows", verbose_name="来自")

    class Meta:
        verbose_name = verbose_name_plural = "医保统计"
        constraints = (
            models.UniqueConstraint(fields=("organisation", "year"), name="insured_of_a_year_once"),
        )
