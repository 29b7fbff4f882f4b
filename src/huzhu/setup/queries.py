"""What is still missing to be in business, and who is here: asked for an administrator, within the branch."""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from huzhu.organisations.models import Organisation, OrganisationQuerySet
from huzhu.organisations.queries import visible_to
from huzhu.schemes.queries import published
from huzhu.users import queries as users
from huzhu.users.models import Role, User

Kind, Code = Organisation.Kind, Role.Code


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to have before the office can work: whether it is there, in words, and what to do for it."""

    done: bool
    words: str
    hint: str
    page: str  # the kind of page it is done on: place, people, scheme
    wants: str = ""  # the kind of place or role to begin with


def checklist(by: Role) -> list[Step]:
    """In the order in which it is done; empty when nothing is missing."""
    branch = visible_to(by).open()
    kinds = set(branch.order_by().values_list("kind", flat=True))
    held = Role.objects.filter(
        organisation__in=branch, is_active=True, user__is_active=True, user__is_machine=False
    )
    people: dict[str, set[int]] = {}
    for code, user in held.values_list("code", "user_id"):
        people.setdefault(code, set()).add(user)
    steps = [
        *_places(kinds, by.organisation.kind),
        *_roles(people, by.organisation.kind),
        Step(published().exists(), "公布一个方案", "政策人员提出，另一位确认", "scheme"),
        Step(
            _clerk_has_employer(branch, people),
            "一个参保单位和它的经办人",
            "先加单位，再邀请经办人",
            "people",
            "employer_clerk",
        ),
    ]
    return [] if all(step.done for step in steps) else steps


def _places(kinds: set[str], own: str) -> list[Step]:
    wanted = [(Kind.PROVINCE, "省办事处"), (Kind.CITY, "市代办处")]
    above = {Kind.PROVINCE: {Kind.PROVINCE, Kind.CITY}, Kind.CITY: {Kind.CITY}}
    steps = [
        Step(kind in kinds, words, "资料归它管", "place", kind)
        for kind, words in wanted
        if own not in above[kind]
    ]
    return [
        *steps,
        Step(Kind.EMPLOYER in kinds, "参保单位", "可以一次上传整棵机构树", "place", Kind.EMPLOYER),
    ]


def _roles(people: dict[str, set[int]], own: str) -> list[Step]:
    steps = [Step(Code.AGENCY_CLERK in people, "代办处经办", "受理和初审", "people", "agency_clerk")]
    if own == Kind.CITY:
        return steps  # the rest works above, out of this branch
    makers, releasers = people.get(Code.PAYMENT_MAKER, set()), people.get(Code.PAYMENT_RELEASER, set())
    are_two = any(one != other for one in makers for other in releasers)
    both = "制单和放行要两个不同的人"
    return [
        *steps,
        Step(Code.REVIEWER in people, "省办审核", "核定申请", "people", "reviewer"),
        Step(Code.SECOND_REVIEWER in people, "省办复核", "超过限额的第二个人", "people", "second_reviewer"),
        Step(
            are_two,
            "出纳制单、出纳放行",
            both,
            "people",
            "payment_maker" if not makers else "payment_releaser",
        ),
        Step(len(people.get(Code.POLICY, ())) > 1, "两位政策人员", "一人提出，一人确认", "people", "policy"),
    ]


def _clerk_has_employer(branch: OrganisationQuerySet, people: dict[str, set[int]]) -> bool:
    return branch.employers().exists() and bool(people.get(Code.EMPLOYER_CLERK))


@dataclass(slots=True)
class Node:
    """A place in the tree with what stands below it, and its own figures and those of all below, summed."""

    place: Organisation
    roles: int = 0
    below: "list[Node]" = field(default_factory=list)
    employers: int = 0
    staff: int = 0


def tree(by: Role) -> Node:
    """The branch as it stands, closed places too."""
    held = Role.objects.filter(is_active=True, user__is_active=True, organisation__in=visible_to(by))
    roles = Counter(held.order_by().values_list("organisation_id", flat=True))
    nodes = {place.pk: Node(place, roles[place.pk]) for place in visible_to(by).order_by("kind", "code")}
    for node in nodes.values():
        above = nodes.get(node.place.parent_id or 0)
        if above:
            above.below.append(node)
    for node in sorted(nodes.values(), key=lambda one: -len(one.place.path.split("/"))):  # deepest first
        if node.place.kind == Kind.EMPLOYER and node.place.is_open:
            node.employers, node.staff = node.employers + 1, node.staff + node.place.staff_count
        if above := nodes.get(node.place.parent_id or 0):
            above.employers, above.staff = above.employers + node.employers, above.staff + node.staff
    return nodes[by.organisation_id]


def matching(by: Role, asked: str) -> OrganisationQuerySet:
    """Places of the branch by name, code or initials; all, for no text."""
    places = visible_to(by)
    if not asked:
        return places
    return places.filter(
        Q(name__contains=asked) | Q(code__istartswith=asked) | Q(initials__contains=asked.lower())
    )


def parent_named(by: Role, text: str) -> Organisation | None:
    """The one open place of the branch with this code or name, or the only one that the text finds."""
    said = text.strip()
    open_ = visible_to(by).open()
    exact = list(open_.filter(Q(code__iexact=said) | Q(name=said))[:2]) if said else []
    near = exact or (list(matching(by, said).filter(is_open=True)[:2]) if said else [])
    return near[0] if len(near) == 1 else None


def people(
    by: Role, *, asked: str = "", code: str = "", place: Organisation | None = None, off: str = ""
) -> QuerySet[User]:
    """People of the branch by name, initials or login; with a role, at a place or below, or switched off."""
    found = users.people_visible_to(by)
    if asked:
        words = asked.lower()
        found = found.filter(
            Q(name__contains=asked) | Q(initials__startswith=words) | Q(username__contains=words)
        )
    if code or place:
        roles = users.visible_to(by).filter(is_active=True)
        roles = roles.filter(code=code) if code else roles
        roles = roles.filter(organisation__path__startswith=place.path) if place else roles
        found = found.filter(pk__in=roles.order_by().values("user"))
    return found.filter(is_active=off == "0") if off in {"0", "1"} else found
