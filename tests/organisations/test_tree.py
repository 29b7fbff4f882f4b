"""Who stands below whom, and who sees what."""

from types import SimpleNamespace

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from factories.organisations import a_city, a_county, a_group, a_province, an_association, an_employer
from factories.users import a_role
from huzhu.organisations import queries, services
from huzhu.organisations.models import Organisation
from huzhu.organisations.services import PARENTS, CannotStandThere, CodeTaken

pytestmark = pytest.mark.django_db


def test_a_stranger_and_a_member_see_no_organisation():
    employer = an_employer()
    for by in (None, SimpleNamespace(), SimpleNamespace(employer=employer, actor_id="member:1")):
        assert list(queries.visible_to(by)) == []


def test_a_role_that_has_ended_sees_nothing():
    role = a_role("agency_clerk")
    assert queries.visible_to(role).exists()
    role.is_active = False
    assert not queries.visible_to(role).exists()
    role.is_active, role.user.is_active = True, False
    assert not queries.visible_to(role).exists()


def test_a_clerk_sees_their_own_branch_and_not_their_neighbours():
    city = a_city()
    mine, yours = an_employer(under=city, name="我"), an_employer(under=city, name="你")
    below = an_employer(under=mine, name="我的下属")
    seen = queries.visible_to(a_role("employer_clerk", mine))
    assert set(seen) == {mine, below}
    assert yours not in seen


def test_a_branch_is_not_the_branch_of_a_longer_number():
    """Number 1 and number 11 begin alike; their paths, with slashes, do not."""
    city = a_city()
    many = [an_employer(under=city) for _ in range(12)]
    for one in many:
        assert list(Organisation.objects.under(one)) == [one]


@pytest.mark.parametrize(
    ("kind", "above"),
    [(kind, above) for kind in PARENTS for above in [None, *PARENTS]],
)
def test_every_kind_has_its_place_and_no_other(kind, above):
    makers = {
        None: lambda: None,
        "association": an_association,
        "province": a_province,
        "city": a_city,
        "county": a_county,
        "group": a_group,
        "employer": an_employer,
    }
    parent, sector = makers[above](), "municipal" if kind == "employer" else ""
    fits = above in PARENTS[kind] if above else not PARENTS[kind]
    if fits:
        made = services.add(kind=kind, name="新", code="N", parent=parent, sector=sector)
        assert made.path == f"{parent.path if parent else ''}{made.pk}/"
    else:
        with pytest.raises(CannotStandThere, match="请改选上级"):
            services.add(kind=kind, name="新", code="N", parent=parent, sector=sector)


def test_a_code_is_given_once():
    city = a_city()
    with pytest.raises(CodeTaken, match=f"代码 {city.code} 已经有机构在用"):
        services.add(kind="county", name="又一个", code=city.code, parent=city)
    assert not city.children.exists()


def test_the_forestry_group_answers_to_the_city_agency():
    city = a_city()
    bureau = an_employer(under=a_group(under=city))
    subsidiary = an_employer(under=bureau)
    assert queries.agency_of(subsidiary) == queries.agency_of(city) == city
    with pytest.raises(queries.NoneAbove, match="没有市代办处"):
        queries.agency_of(city.parent)


@st.composite
def trees(draw) -> list[tuple[str, int | None]]:
    """Nodes in the order of their making: a kind, and which earlier node stands above."""
    nodes: list[tuple[str, int | None]] = [("association", None), ("province", 0)]
    for _ in range(draw(st.integers(1, 14))):
        parent = draw(st.integers(0, len(nodes) - 1))
        below = [kind for kind, above in PARENTS.items() if nodes[parent][0] in above]
        nodes.append((draw(st.sampled_from(below)), parent))
    return nodes


@settings(max_examples=60)
@given(tree=trees())
def test_what_a_role_sees_equals_walking_up_the_tree(tree):
    with transaction.atomic():
        made: list[Organisation] = []
        for number, (kind, above) in enumerate(tree):
            parent = made[above] if above is not None else None
            sector = "municipal" if kind == "employer" else ""
            made.append(services.add(kind=kind, name=kind, code=f"H{number}", parent=parent, sector=sector))

        def chain(number: int | None) -> list[int]:
            return [] if number is None else [number, *chain(tree[number][1])]

        for number, one in enumerate(made):
            role = SimpleNamespace(is_current=True, organisation=one)
            oracle = {made[other].pk for other in range(len(made)) if number in chain(other)}
            assert set(queries.visible_to(role).values_list("pk", flat=True)) == oracle
            assert {other.pk for other in made if one.contains(other)} == oracle
            cities = [other for other in chain(number) if tree[other][0] == "city"]
            if cities:
                assert queries.agency_of(one) == made[cities[0]]
        transaction.set_rollback(True)
