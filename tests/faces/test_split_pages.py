"""The pages of sharing a fee: who may open them, what is answered to bad figures, and that all payers stand on one."""

import pytest
from django.urls import reverse
from django.utils import timezone

from factories.contributions import a_split
from factories.organisations import a_county, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from factories.web import as_staff, html_of
from huzhu.contributions import queries
from huzhu.contributions.models import SplitTerms

pytestmark = pytest.mark.django_db
SLUG = "yichun-120"


@pytest.fixture
def employer(group):
    return an_employer(group, staff_count=40)


@pytest.fixture(autouse=True)
def inpatient():
    return the_inpatient_scheme()


@pytest.fixture
def today():
    return timezone.localdate()


def page_of(place, name="split"):
    return reverse(f"web:{name}", args=[place.pk, SLUG])


def boxes(*lines, **more):
    """The form: lines of payer, name, basis, amount."""
    typed = {"do": "set", "heads": "30", **more}
    for number, line in enumerate(lines, 1):
        typed |= {
            f"{box}-{number}": text
            for box, text in zip(("payer", "name", "basis", "amount"), line, strict=True)
        }
    return typed


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["split", "split-shown"])
def test_an_organisation_outside_the_branch_looks_missing(city, employer, name):
    stranger = as_staff(a_role("county_clerk", a_county(city)))
    assert stranger.get(page_of(employer, name)).status_code == 404
    assert stranger.post(page_of(employer), boxes(("employer", "", "percent", "75"))).status_code == 404
    assert not SplitTerms.objects.exists()


def test_an_employers_clerk_finds_no_page(employer):
    assert as_staff(a_role("employer_clerk", employer)).get(page_of(employer)).status_code == 404


def test_a_scheme_that_was_never_published_looks_missing(employer, agency):
    assert as_staff(agency).get(reverse("web:split", args=[employer.pk, "nowhere"])).status_code == 404


# ── bad figures ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "more", "said"),
    [
        (("employer", "", "percent", "175"), {}, "0 到 100 的数字"),
        (("employer", "", "percent", "x"), {}, "0 到 100 的数字"),
        (("employer", "", "percent", "33.333"), {}, "最多两位小数"),
        (("employer", "", "percent", "NaN"), {}, "0 到 100 的数字"),
        (("employer", "", "fixed", "1e9"), {}, "不是金额"),
        (("", "", "fixed", "20"), {}, "请选择由谁承担"),
        (("employer", "", "fixed", "120.01"), {}, "超过了会费 120.00 元"),
        (("employer", "", "fixed", "20"), {"least": "x"}, "不是金额"),
        (("employer", "", "fixed", "20"), {"least": "121"}, "至少缴的 121.00 元"),
        (("employer", "", "fixed", "20"), {"from": "28.1.22"}, "不是一个日期"),
        (("upper_union", "", "fixed", "20"), {}, "没有写明是哪一个上级工会"),
        (("worker", "", "fixed", "20"), {}, "职工承担其余的部分"),
    ],
)
def test_figures_that_do_not_fit_are_answered_and_kept_in_their_boxes(employer, agency, line, more, said):
    answer = as_staff(agency).post(page_of(employer), boxes(line, **more))
    assert answer.status_code == 422
    assert said in html_of(answer)
    assert f'value="{line[3]}"' in html_of(answer)
    assert not SplitTerms.objects.exists()


# ── the good way ────────────────────────────────────────────────────────────────────────────────────


def test_all_payers_are_set_on_one_page(employer, agency, today):
    desk = as_staff(agency)
    lines = (("upper_union", "省教育工会", "fixed", "60"), ("employer", "", "percent", "50%"))
    page = html_of(desk.post(page_of(employer), boxes(*lines, least="12"), follow=True))
    assert "省教育工会 60.00 元，美溪林业局公司 48.00 元，职工 12.00 元" in page
    assert "本级的办法" in page
    parts = queries.parts_of(queries.terms_for(employer, SLUG, today), 12_000)
    assert [part.amount_fen for part in parts] == [6_000, 4_800, 1_200]
    listed = html_of(desk.get(reverse("web:splits")))
    assert "省教育工会 60.00 元，美溪林业局公司 50%，其余由职工缴（至少 12.00 元）" in listed


def test_what_it_comes_to_is_shown_before_anything_is_kept(employer, agency):
    desk = as_staff(agency)
    typed = boxes(("employer", "", "percent", "75"))
    live = html_of(desk.get(page_of(employer, "split-shown"), typed))
    looked = html_of(desk.post(page_of(employer), typed | {"do": "look"}))
    for said in (live, looked):
        assert "每人 120.00 元：美溪林业局公司 90.00 元，职工 30.00 元。" in said
        assert "2,700.00" in said
        assert "贰仟柒佰元整" in said
        assert "3,600.00" in said
    assert "<html" not in live
    assert not SplitTerms.objects.exists()


def test_the_least_own_share_says_whose_part_it_makes_smaller(employer, agency):
    typed = boxes(("employer", "", "percent", "100"), least="12")
    assert "美溪林业局公司由 120.00 元减为 108.00 元" in html_of(
        as_staff(agency).get(page_of(employer, "split-shown"), typed)
    )


def test_an_employer_borrows_overrides_and_borrows_again(group, employer, agency, today):
    a_split(group, by=agency, payer_name="伊春森工集团")
    desk = as_staff(agency)
    page = html_of(desk.get(page_of(employer)))
    assert f"沿用{group.name}的办法" in page
    assert "恢复沿用" not in page
    desk.post(page_of(employer), boxes(("employer", "", "fixed", "30")))
    page = html_of(desk.get(page_of(employer)))
    assert f"从今天起恢复沿用{group.name}的办法" in page
    page = html_of(desk.post(page_of(employer), {"do": "inherit"}, follow=True))
    assert f"沿用{group.name}的办法" in page
    assert "恢复沿用上级的办法" in page  # in the history
    assert queries.terms_for(employer, SLUG, today).employer == group


def test_the_chooser_leads_to_the_page(employer, agency):
    desk = as_staff(agency)
    found = desk.get(reverse("web:splits"), {"place": employer.pk, "scheme": SLUG})
    assert found["Location"] == page_of(employer)
    assert "请先选择" in html_of(desk.get(reverse("web:splits"), {"place": "", "scheme": SLUG}))
