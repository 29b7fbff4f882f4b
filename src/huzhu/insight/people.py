"""Persons as a session and the demo's switch know them."""

from django.db.models import QuerySet

from huzhu.members.models import Member
from huzhu.notices.models import Notice
from huzhu.users.models import Role

HEROINE = "刘女士"


def member(key: str) -> Member | None:
    """The member with this key, with the employer."""
    return Member.objects.select_related("employer").filter(pk=key).first()


def are_real() -> bool:
    """Whether any member is a real person; the demo is refused beside them."""
    return Member.objects.filter(is_synthetic=False).exists()


def cast() -> QuerySet[Role]:
    """The people of the demo, in the order of the walk of a claim."""
    return (
        Role.objects.filter(is_active=True, user__is_machine=False)
        .select_related("user", "organisation")
        .order_by("pk")
    )


def heroine() -> Member | None:
    """The member whose story the demo tells."""
    return Member.objects.filter(name=HEROINE, is_synthetic=True).first()


def newest_message(phone: str) -> str:
    """The last text sent to this phone: the demo shows it, since no message leaves the machine."""
    notice = Notice.objects.filter(phone_index=phone).order_by("-created_at").first() if phone else None
    return notice.text if notice else ""
