"""The tree in an administrator's hands: within the branch, written down, and never half-done."""

from datetime import UTC, date, datetime, timedelta

import pytest

from factories.claims import a_covered_member, a_draft
from factories.clawing import LARGE, Office
from factories.contributions import a_receipt, an_accepted_roster
from factories.enrolment import START, UPLOADED_AT, a_staged_roster, an_enrolment, some_workers
from factories.members import a_member
from factories.office import shares
from factories.organisations import a_city, a_county, a_group, an_employer
from factories.schemes import the_inpatient_scheme, the_women_scheme
from factories.users import a_role
from huzhu.adjudication import correcting
from huzhu.audit.models import Event
from huzhu.claims.models import Claim
from huzhu.organisations.models import Organisation
from huzhu.organisations.services import CannotStandThere, CodeTaken, NotAPlace, suggested_code
from huzhu.payouts import differences
from huzhu.setup import tree
from huzhu.setup.business import open_business
from huzhu.setup.queries import matching
from huzhu.setup.tree import StillInBusiness
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
NOON = datetime(2022, 7, 13, 4, tzinfo=UTC)
FIELDS = {"name": "新名称", "sector": "", "staff_count": 0}


@pytest.fixture
def keeper(city) -> Role:
    return a_role("administrator", city)


def every_act(by: Role, place: Organisation, parent: Organisation):
    new = {"kind": "county", "name": "新县", "code": "X-1"}
    yield lambda: tree.add(by=by, at=NOON, parent=place, **new)
    yield lambda: tree.change(place=place, by=by, at=NOON, **FIELDS)
    yield lambda: tree.move(place=an_employer(place), parent=parent, by=by, at=NOON)
    yield lambda: tree.close(place=place, by=by, at=NOON)
    yield lambda: tree.reopen(place=place, by=by, at=NOON)


def test_nobody_but_an_administrator_touches_the_tree(city):
    for code in set(Role.Code) - {Role.Code.ADMINISTRATOR}:
        for act in every_act(a_role(code, city), city, city):
            with pytest.raises(NotAllowed):
                act()
    assert not Event.objects.exists()


def test_an_administrator_touches_nothing_beside_or_above_the_branch(keeper):
    elsewhere = a_city()
    for place in (elsewhere, keeper.organisation.parent):
        for act in every_act(keeper, place if place.kind == "city" else elsewhere, keeper.organisation):
            with pytest.raises(NotAllowed):
                act()
    with pytest.raises(NotAllowed):
        tree.change(place=keeper.organisation.parent, by=keeper, at=NOON, **FIELDS)
    with pytest.raises(NotAllowed):
        tree.move(place=an_employer(keeper.organisation), parent=elsewhere, by=keeper, at=NOON)
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " "}, "名称要填"),
        ({"name": "x" * 81}, "不超过 80"),
        ({"kind": "ship"}, "没有“ship”这种机构"),
        ({"kind": "employer"}, "要选单位类型"),
        ({"sector": "forestry"}, "只有参保单位才有单位类型"),
        ({"code": "有中文"}, "字母、数字"),
        ({"staff_count": -1}, "整数"),
    ],
)
def test_bad_words_are_refused_with_a_sentence(keeper, fields, said):
    good = {"kind": "county", "name": "铁力市总工会", "code": "X-1"}
    with pytest.raises(NotAPlace, match=said):
        tree.add(by=keeper, at=NOON, parent=keeper.organisation, **(good | fields))


def test_a_code_is_borne_once_and_one_is_suggested(keeper):
    county = tree.add(
        by=keeper, at=NOON, parent=keeper.organisation, kind="county", name="铁力市总工会", code="X-1"
    )
    with pytest.raises(CodeTaken):
        tree.add(by=keeper, at=NOON, parent=keeper.organisation, kind="county", name="别县", code="X-1")
    assert suggested_code(kind="employer", name="某公司", parent=county) == "X-1-001"
    assert suggested_code(kind="province", name="黑龙江省办事处", parent=None) == "HLJ"


def test_a_change_says_what_changed_and_none_says_nothing(keeper):
    employer = an_employer(keeper.organisation, sector="municipal", staff_count=10, name="旧名称")
    fields = {"name": "新名称", "sector": "municipal", "staff_count": 12}
    assert tree.change(place=employer, by=keeper, at=NOON, **fields) == ["name", "staff_count"]
    assert tree.change(place=employer, by=keeper, at=NOON, **fields) == []
    event = Event.objects.get()
    assert event.detail == {"name": ["旧名称", "新名称"], "staff_count": [10, 12]}
    assert list(matching(keeper, "xmc")) == [Organisation.objects.get(pk=employer.pk)]


# ── moving ──────────────────────────────────────────────────────────────────────────────────────────


def test_an_employer_moves_with_all_that_is_below_it_and_other_people_see_it(keeper, city):
    old, new = a_county(city), a_group(city)
    employer = an_employer(old)
    below = an_employer(employer)
    a_role("county_clerk", old)
    seen = tree.sight(employer, new)
    assert (seen.gain, seen.lose) == ([(new, 0)], [(old, 1)])
    tree.move(place=employer, parent=new, by=keeper, at=NOON)
    assert set(Organisation.objects.under(new)) == {new, employer, below}
    assert list(Organisation.objects.under(old)) == [old]
    below.refresh_from_db()
    assert below.path == f"{new.path}{employer.pk}/{below.pk}/"


def test_an_employer_does_not_leave_its_agency_while_its_money_lies_there(city):
    keeper, clerk = a_role("administrator", city.parent), a_role("agency_clerk", city)
    employer, other = an_employer(city), a_city(city.parent, "哈尔滨市代办处")
    [share] = shares(an_accepted_roster(employer, [the_inpatient_scheme()], some_workers(2), by=clerk))
    a_receipt(share, by=clerk, amount_fen=100_00, at=UPLOADED_AT)
    with pytest.raises(
        StillInBusiness, match=r"1 笔会费只缴了一部分；有 1 笔会费已经到账、保障还没有开始.*先在那里办完"
    ):
        tree.move(place=employer, parent=other, by=keeper, at=UPLOADED_AT)
    tree.move(place=employer, parent=a_county(city), by=keeper, at=UPLOADED_AT)
    a_receipt(share, by=clerk, amount_fen=share.amount_fen - 100_00, at=UPLOADED_AT)
    tree.move(place=employer, parent=other, by=keeper, at=UPLOADED_AT + timedelta(days=30))


def test_an_employer_does_not_leave_its_agency_while_a_claim_is_open_or_its_money_on_the_way(place, liu):
    office, keeper = Office(place), a_role("administrator", place.province)
    other = a_city(place.province, "鹤岗市代办处")
    below = an_employer(place.employer)
    Claim.objects.filter(pk=a_draft(liu).pk).update(employer=below)  # on her phone: it comes along

    def refused(said):
        with pytest.raises(StillInBusiness, match=f"{said}.*伊春.*先在那里办完"):
            tree.move(place=place.employer, parent=other, by=keeper, at=NOON)

    wang = a_covered_member(place, "王小明", sex="male")
    claim = office.decided(wang).claim
    Claim.objects.filter(pk=claim.pk).update(employer=below)
    refused("有 1 件申请没有办完")
    office.answered(office.sent())
    change = office.changed(claim, LARGE)
    refused("有 1 次医保结算变动没有重算和确认")
    correcting.settle(
        correction=office.proposed(change), agree=True, reason="", by=office.second, at=office.later()
    )
    refused("有 1 次更正的差额没有排款")
    differences.take(at=office.later())
    office.scheduled()
    refused("有 1 笔款没有付到")
    tree.move(place=place.employer, parent=a_group(place.city, "另一集团"), by=keeper, at=NOON)
    office.answered(office.sent())
    tree.move(place=place.employer, parent=other, by=keeper, at=NOON)


def test_nothing_moves_below_itself_or_where_it_does_not_belong(keeper, city):
    employer = an_employer(city)
    below = an_employer(employer)
    for place, parent, said in (
        (employer, below, "下属"),
        (employer, employer, "下属"),
        (employer, city, "本来就在"),
        (a_county(city), city, "只有参保单位可以移动"),
    ):
        with pytest.raises(CannotStandThere, match=said):
            tree.move(place=place, parent=parent, by=keeper, at=NOON)
    assert not Event.objects.exists()


# ── closing ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_place_with_open_business_is_not_closed_and_all_of_it_is_said(keeper, city):
    employer, edition = an_employer(city), the_women_scheme()
    an_employer(employer)
    clerk = a_role("employer_clerk", employer)
    an_enrolment(a_member(employer=employer), edition)
    a_staged_roster(employer, [edition], some_workers(1), by=clerk)
    with pytest.raises(StillInBusiness) as refused:
        tree.close(place=employer, by=keeper, at=NOON)
    for said in ("1 个下属机构", "1 个角色", "1 份名册", "1 人次还在保障期内"):
        assert said in str(refused.value)
    assert Organisation.objects.get(pk=employer.pk).is_open
    assert len(open_business(employer, date(START.year + 1, START.month, START.day))) == 3  # cover has ended


def test_a_closed_place_takes_nobody_in_until_it_is_opened_again(keeper, city):
    employer = an_employer(city)
    tree.close(place=employer, by=keeper, at=NOON)
    tree.close(place=employer, by=keeper, at=NOON)
    assert employer not in Organisation.objects.employers()
    with pytest.raises(CannotStandThere, match="已经停用"):
        tree.add(
            by=keeper, at=NOON, parent=employer, kind="employer", sector="county", name="下属", code="X-9"
        )
    tree.reopen(place=employer, by=keeper, at=NOON)
    assert employer in Organisation.objects.employers()
    verbs = ["organisations.close", "organisations.reopen"]
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True)) == verbs


def test_nobody_closes_their_own_place(keeper):
    with pytest.raises(StillInBusiness, match="自己所在"):
        tree.close(place=keeper.organisation, by=keeper, at=NOON)
