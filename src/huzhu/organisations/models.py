"""One tree for scope: association, provincial office, city agency, county union or group, employer."""

from typing import Self

from django.db import models


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def under(self, organisation: "Organisation") -> Self:
        """The organisation itself and everything below it."""
        return self.filter(path__startswith=organisation.path)

    def open(self) -> Self:
        """Those that have not been closed."""
        return self.filter(is_open=True)

    def employers(self) -> Self:
        """Employers that workers can join through."""
        return self.open().filter(kind=Organisation.Kind.EMPLOYER)


class Organisation(models.Model):
    """A node of the tree; `path` is the ids from the root, each with a slash, so that a branch is a prefix."""

    class Kind(models.TextChoices):
        ASSOCIATION = "association", "全国协会"
        PROVINCE = "province", "省办事处"
        CITY = "city", "市代办处"
        COUNTY = "county", "县区总工会"
        GROUP = "group", "集团工会"
        EMPLOYER = "employer", "参保单位"

    class Sector(models.TextChoices):
        MUNICIPAL = "municipal", "市直单位"
        COUNTY = "county", "县区单位"
        ENTERPRISE = "enterprise", "企业"
        FORESTRY = "forestry", "森工"
        FLEXIBLE = "flexible", "灵活就业"

    kind = models.CharField("类别", max_length=12, choices=Kind)
    name = models.CharField("名称", max_length=80)
    code = models.CharField("代码", max_length=20, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="上级"
    )
    path = models.CharField("路径", max_length=120, unique=True)
    sector = models.CharField("单位类型", max_length=12, choices=Sector, blank=True)
    staff_count = models.PositiveIntegerField("在职职工数", default=0)
    initials = models.CharField("拼音首字母", max_length=20, blank=True)
    is_open = models.BooleanField("启用", default=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "机构"
        ordering = ("path",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(parent__isnull=False) | models.Q(kind="association"),
                name="only_the_root_has_no_parent",
            ),
            models.CheckConstraint(
                condition=(models.Q(kind="employer") & ~models.Q(sector=""))
                | (~models.Q(kind="employer") & models.Q(sector="")),
                name="employers_alone_have_a_sector",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def contains(self, other: "Organisation") -> bool:
        """Whether the other is this one or stands below it."""
        return other.path.startswith(self.path)
