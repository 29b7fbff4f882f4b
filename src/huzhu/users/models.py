"""Logins of staff, and the roles they act in."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from huzhu.organisations.models import Organisation


class User(AbstractBaseUser):
    """A member of staff. What they may do is said by their roles, never by the login."""

    username = models.CharField("登录名", max_length=40, unique=True)
    name = models.CharField("姓名", max_length=40)
    initials = models.CharField("拼音首字母", max_length=20, blank=True)
    is_active = models.BooleanField("可登录", default=True)
    is_machine = models.BooleanField("程序", default=False)  # acts by a token, never signs in

    objects = BaseUserManager()
    USERNAME_FIELD = "username"

    class Meta:
        verbose_name = verbose_name_plural = "工作人员"

    def __str__(self) -> str:
        return self.name

    @property
    def actor_id(self) -> str:
        return f"user:{self.pk}"

    @property
    def actor_name(self) -> str:
        return self.name


class SignInTries(models.Model):
    """Wrong passwords lately typed for one login name, whether or not it exists."""

    username = models.CharField("登录名", max_length=40, primary_key=True)
    count = models.PositiveSmallIntegerField("次数", default=0)
    last_at = models.DateTimeField("最近一次", db_index=True)
    locked_until = models.DateTimeField("锁定到", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "登录失败"


class FirstStartCode(models.Model):
    """What lets one person in to set up a blank site, once: a keyed digest, the newest alone; gone when it was used."""

    digest = models.CharField("摘要", max_length=80)
    made_at = models.DateTimeField("生成时间")

    class Meta:
        verbose_name = verbose_name_plural = "首次开业码"


class Role(models.Model):
    """A person acting in a capacity at an organisation: the `by` of every verb, and the scope of every question."""

    class Code(models.TextChoices):
        EMPLOYER_CLERK = "employer_clerk", "单位经办人"
        COUNTY_CLERK = "county_clerk", "县区工会经办"
        AGENCY_CLERK = "agency_clerk", "代办处经办"
        REVIEWER = "reviewer", "省办审核"
        SECOND_REVIEWER = "second_reviewer", "省办复核"
        PAYMENT_MAKER = "payment_maker", "出纳制单"
        PAYMENT_RELEASER = "payment_releaser", "出纳放行"
        AUDITOR = "auditor", "经审"
        LEADER = "leader", "领导"
        CADRE = "cadre", "包联干部"
        POLICY = "policy", "政策人员"
        ADMINISTRATOR = "administrator", "系统管理员"

    user = models.ForeignKey(User, models.PROTECT, related_name="roles", verbose_name="人员")
    code = models.CharField("角色", max_length=20, choices=Code)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="机构")
    is_active = models.BooleanField("有效", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "角色"
        constraints = (
            models.UniqueConstraint(fields=("user", "code", "organisation"), name="a_role_is_given_once"),
        )

    def __str__(self) -> str:
        return f"{self.user.name}（{self.get_code_display()}，{self.organisation.name}）"

    @property
    def is_current(self) -> bool:
        """Whether it may still be acted in: neither the role nor the login is switched off."""
        return self.is_active and self.user.is_active

    @property
    def actor_id(self) -> str:
        return f"user:{self.user_id}"

    @property
    def actor_name(self) -> str:
        return f"{self.user.name}（{self.get_code_display()}）"


class PasswordLink(models.Model):
    """A link by which one person sets a password, once, within days; the newest alone is good. Its token is kept as a digest."""

    user = models.ForeignKey(User, models.PROTECT, related_name="links", verbose_name="人员")
    digest = models.CharField("摘要", max_length=80, unique=True)
    made_by = models.ForeignKey(Role, models.PROTECT, related_name="+", verbose_name="发出人")
    made_at = models.DateTimeField("发出时间")
    ended_at = models.DateTimeField("用过或作废", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "设密码的链接"
        constraints = (
            models.UniqueConstraint(
                fields=("user",), condition=models.Q(ended_at__isnull=True), name="one_open_link_a_person"
            ),
        )


class ApiToken(models.Model):
    """What lets a program in: it acts in a role of its own, within scopes, until a day. The token is kept as a digest."""

    name = models.CharField("用途", max_length=40)
    role = models.OneToOneField(Role, models.PROTECT, related_name="token", verbose_name="以什么角色")
    scopes = models.JSONField("范围")  # names out of tokens.SCOPES
    digest = models.CharField("摘要", max_length=80, unique=True)
    begins = models.CharField("开头几位", max_length=12)  # to tell tokens apart
    made_by = models.ForeignKey(Role, models.PROTECT, related_name="+", verbose_name="制作人")
    made_at = models.DateTimeField("制作时间")
    expires_at = models.DateTimeField("到期")
    revoked_at = models.DateTimeField("停用时间", null=True)
    last_used_at = models.DateTimeField("最近使用", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "接口令牌"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("made_at")), name="a_token_ends_after_it_was_made"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name}（{self.begins}…）"


class ExportRequest(models.Model):
    """A list too long to be taken away on one's own word; another person of the branch agrees to this one file."""

    class State(models.TextChoices):
        WAITING = "waiting", "等批准"
        APPROVED = "approved", "已批准"
        REFUSED = "refused", "未批准"
        TAKEN = "taken", "已导出"
        LAPSED = "lapsed", "过期没有导出"

    asked_by = models.ForeignKey(Role, models.PROTECT, related_name="+", verbose_name="谁要导出")
    person = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="本人")
    what = models.CharField("清单", max_length=40)
    said = models.CharField("条件", max_length=400)
    address = models.CharField("网址", max_length=800)
    rows = models.PositiveIntegerField("行数")
    asked_at = models.DateTimeField("申请时间")
    state = models.CharField("状态", max_length=8, choices=State, default=State.WAITING)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="批准人")
    settled_at = models.DateTimeField("批准时间", null=True)
    reason = models.CharField("不批准的理由", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "导出申请"
        constraints = (
            models.UniqueConstraint(
                fields=("asked_by", "address"),
                condition=models.Q(state__in=("waiting", "approved")),
                name="a_list_is_asked_for_once",
            ),
            models.CheckConstraint(
                condition=models.Q(settled_by__isnull=True) | ~models.Q(settled_by=models.F("person")),
                name="nobody_approves_their_own_export",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=("approved", "taken", "lapsed"))
                | models.Q(settled_by__isnull=False),
                name="no_export_without_a_second_person",
            ),
        )

    def __str__(self) -> str:
        return f"{self.what}（{self.rows:,} 行）"
