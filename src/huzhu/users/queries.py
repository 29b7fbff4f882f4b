"""Who somebody is allowed to be."""

from typing import Any

from django.db.models import QuerySet

from huzhu.audit.models import Event
from huzhu.organisations.models import Organisation
from huzhu.users.models import ApiToken, Role, User
from huzhu.users.permissions import may


def roles_of(user: Any) -> QuerySet[Role]:
    """The roles this login may act in now, with their places; none for strangers and switched-off logins."""
    if not isinstance(user, User):
        return Role.objects.none()
    roles = Role.objects.filter(user=user, is_active=True, user__is_active=True)
    return roles.select_related("user", "organisation").order_by("pk")


def nobody_is_here() -> bool:
    """Whether the database has neither places nor logins."""
    return not (Organisation.objects.exists() or User.objects.exists())


def people_visible_to(by: Any) -> QuerySet[User]:
    """Whoever holds or held a role in an administrator's branch, by name."""
    if not may(by, "users.change"):
        return User.objects.none()
    return User.objects.filter(pk__in=visible_to(by).order_by().values("user")).order_by("name", "pk")


def visible_to(by: Any) -> QuerySet[Role]:
    """The roles held by people in the asker's branch; programs have tokens instead."""
    if not getattr(by, "is_current", False):
        return Role.objects.none()
    branch = Role.objects.filter(organisation__path__startswith=by.organisation.path, user__is_machine=False)
    return branch.select_related("user", "organisation").order_by("organisation__path", "pk")


def acts_visible_to(by: Any) -> QuerySet[Event]:
    """The trail, newest first: the acts of whoever holds or held a role in the asker's branch; all, from the root.

    What members and the system did is seen on the trail of its object, and from the root.
    """
    if not may(by, "audit.see"):
        return Event.objects.none()
    if by.organisation.parent_id is None:
        return Event.objects.order_by("-pk")
    held = Role.objects.filter(organisation__path__startswith=by.organisation.path)
    staff = {f"user:{user_id}" for user_id in held.values_list("user_id", flat=True)}
    return Event.objects.filter(actor_id__in=staff).order_by("-pk")


def tokens_visible_to(by: Any) -> QuerySet[ApiToken]:
    """Tokens of programs that act in an administrator's branch, newest first."""
    if not may(by, "tokens.change"):
        return ApiToken.objects.none()
    branch = ApiToken.objects.filter(role__organisation__path__startswith=by.organisation.path)
    return branch.select_related("role__user", "role__organisation", "made_by__user").order_by("-pk")
