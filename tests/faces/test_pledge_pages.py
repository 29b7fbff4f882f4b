"""The page of pledges: who may open it, who reads the sponsor's name, and what the member sees."""

import pytest
from django.urls import reverse
from django.utils import timezone

from factories.contributions import an_accepted_roster
from factories.enrolment import some_workers
from factories.members import a_member
from factories.organisations import a_county, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from factories.web import as_member, as_staff, html_of
from huzhu.contributions.models import Pledge

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
PAGE = "/desk/pledges/"


@pytest.fixture
def employer(city):
    return an_employer(a_county(city))


@pytest.fixture
def year():
    return str(timezone.localdate().year)


def form(year, **changes):
    return {
        "sponsor_name": "好心人甲",
        "sponsor_kind": "person",
        "how": "all",
        "from_year": year,
        **changes,
    }


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


def test_a_cadre_reads_and_keeps_nothing(city, employer, agency, year):
    cadre = as_staff(a_role("cadre", city))
    assert "登记一项承诺" not in html_of(cadre.get(PAGE))
    assert cadre.post(PAGE, form(year, place=employer.pk)).status_code == 422
    assert not Pledge.objects.exists()


def test_a_pledge_of_another_branch_looks_missing(city, employer, agency, year):
    as_staff(agency).post(PAGE, form(year, place=employer.pk))
    stranger = as_staff(a_role("county_clerk", a_county(city)))
    assert employer.name not in html_of(stranger.get(PAGE))
    address = reverse("web:pledge-withdraw", args=[Pledge.objects.get().pk])
    assert stranger.post(address, {"reason": "x"}).status_code == 404
    assert Pledge.objects.get().withdrawn_at is None


def test_somebody_elses_member_is_not_pledged_for(employer, year):
    keeper = as_staff(a_role("county_clerk", employer.parent))
    stranger = a_member("别处的人")
    assert str(stranger.pk) not in html_of(keeper.get(PAGE, {"q": "别处的人"}))
    assert keeper.post(PAGE, form(year, member=stranger.pk)).status_code == 422
    assert not Pledge.objects.exists()


# ── what does not fit ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sponsor_name": ""}, "请填写资助人的姓名"),
        ({"place": ""}, "请选一位会员"),
        ({"from_year": "x"}, "起始年份"),
        ({"how": "fixed", "amount": "x"}, "不是金额"),
        ({"how": "fixed", "amount": "0"}, "要大于 0"),
        ({"member": "not-a-key", "place": ""}, "请选一位会员"),
    ],
)
def test_what_is_wrong_is_answered_and_what_was_typed_stays(employer, agency, year, changes, said):
    answer = as_staff(agency).post(PAGE, form(year, **{"place": employer.pk, "note": "每年"} | changes))
    assert answer.status_code == 422
    assert said in html_of(answer)
    assert 'value="每年"' in html_of(answer)
    assert not Pledge.objects.exists()


# ── the good way ────────────────────────────────────────────────────────────────────────────────────


def test_from_a_pledge_to_the_members_page(city, employer, agency, year):
    office = as_staff(agency)
    rows = some_workers(1)
    clerk = a_role("employer_clerk", employer)
    now, today = timezone.now(), timezone.localdate()
    edition = the_inpatient_scheme()
    member = a_member("刘东艳", employer=employer)
    page = html_of(office.get(PAGE, {"q": "刘东艳"}))
    assert str(member.pk) in page
    assert member.id_number not in page
    page = html_of(office.post(PAGE, form(year, member=member.pk), follow=True))
    assert "好心人甲" in page
    assert "还没有名册" in page
    row = (member.name, member.id_number, member.phone)
    roster = an_accepted_roster(employer, [edition], [row, *rows], by=clerk, starts_on=today, at=now)
    assert "▲ 待缴" in html_of(office.get(PAGE))

    phone = html_of(as_member(member).get("/my/"))
    assert "会费由 爱心资助 缴纳" in phone
    for reader in (
        as_staff(clerk).get(reverse("web:roster", args=[roster.pk])),
        as_member(member).get("/my/"),
    ):
        assert "好心人甲" not in html_of(reader)
    held = Pledge.objects.get()
    page = html_of(
        office.post(reverse("web:pledge-withdraw", args=[held.pk]), {"reason": "搬走了"}, follow=True)
    )
    assert "搬走了" in page


def test_a_sponsor_who_agreed_is_named_to_the_member(employer, agency, year):
    member = a_member(employer=employer)
    as_staff(agency).post(PAGE, form(year, member=member.pk, is_named="on"))
    row = (member.name, member.id_number, member.phone)
    an_accepted_roster(
        employer,
        [the_inpatient_scheme()],
        [row],
        by=a_role("employer_clerk", employer),
        starts_on=timezone.localdate(),
        at=timezone.now(),
    )
    assert "会费由 好心人甲 缴纳" in html_of(as_member(member).get("/my/"))
