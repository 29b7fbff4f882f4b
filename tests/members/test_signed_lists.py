"""A list of signed consents: who may not, each bad row by its reason, signatures kept and told, never over a withdrawal."""

from datetime import UTC, datetime, timedelta

import pytest

from factories.bank import as_csv, as_xlsx
from factories.claims import WEDNESDAY, a_covered_member, yichun
from factories.files import a_png
from factories.members import a_member
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.files.contents import NotAccepted
from huzhu.files.tables import TableRefused
from huzhu.jobs.working import quietly
from huzhu.members import consents, signed_lists
from huzhu.members.consents import ConsentRefused
from huzhu.members.models import Consent
from huzhu.notices.models import Notice
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
PAPER = ("签字页.png", a_png())
HEADS = ("序号", "姓名", "身份证号码", "签字日期")
SIGNED = "2022-07-01"


@pytest.fixture
def place():
    return yichun()


@pytest.fixture
def agency(place):
    return place.agency("孙代办")


@pytest.fixture
def wang(place):
    return a_covered_member(place, "王小明", sex="male", phone="13900000001")


def a_row(member, signed=SIGNED, **changed):
    return ["1", changed.get("name", member.name), changed.get("number", member.id_number), signed]


def looked(rows, by, at=WEDNESDAY):
    return signed_lists.lines(data=as_csv(rows, HEADS), name="名单.csv", by=by, at=at)


def taken(rows, by, *, paper=PAPER, at=WEDNESDAY):
    data = as_csv(rows, HEADS)
    return signed_lists.take(data=data, name="名单.csv", paper=paper, by=by, at=at, tell=quietly)


@pytest.mark.parametrize("code", ["employer_clerk", "county_clerk", "reviewer", "auditor"])
def test_who_may_not_take_a_list(place, wang, code):
    where = (
        wang.employer if code == "employer_clerk" else place.city if code != "reviewer" else place.province
    )
    with pytest.raises(NotAllowed):
        taken([a_row(wang)], a_role(code, where))
    assert not Consent.objects.exists()


def test_without_signatures_nothing_is_taken(wang, agency):
    for paper in (("x.pdf", b""), ("x.xlsx", as_xlsx([["a"]]))):
        with pytest.raises((ConsentRefused, NotAccepted)):
            taken([a_row(wang)], agency, paper=paper)
    assert not Consent.objects.exists()


def test_who_signed_has_consented_with_the_scan_and_is_told(place, wang, agency):
    other = a_covered_member(place, "张三", sex="male", phone="13900000002")
    done = taken([a_row(wang), a_row(other)], agency)
    assert (done.given, done.known, done.left_out) == (2, 0, 0)
    one, two = Consent.objects.all()
    assert {one.channel, two.channel} == {"list"}
    assert (one.paper_id, one.given_by_name) == (two.paper_id, agency.actor_name[:80])
    assert consents.open_paper(key=one.pk, by=agency, at=WEDNESDAY)[1] == PAPER[1]
    assert Event.objects.filter(verb="members.consent").count() == 2
    told = Notice.objects.filter(purpose="consent")
    assert {one.phone for one in told} == {"13900000001", "13900000002"}
    assert all("不是您本人签字的" in one.text for one in told)


def test_the_same_list_again_changes_nothing(wang, agency):
    taken([a_row(wang)], agency)
    before = (Consent.objects.get(), Event.objects.count(), Notice.objects.count())
    done = taken([a_row(wang)], agency)
    assert (done.given, done.known) == (0, 1)
    assert (Consent.objects.get(), Event.objects.count(), Notice.objects.count()) == before


def test_each_bad_row_says_why_and_the_good_ones_are_taken(place, wang, agency):
    stranger = a_member("李四")
    rows = [
        a_row(wang),
        a_row(wang),
        a_row(stranger),
        a_row(a_covered_member(place, "张三", sex="male"), name="张山"),
        a_row(a_covered_member(place, "赵六", sex="male"), "昨天"),
        a_row(a_covered_member(place, "钱七", sex="male"), ""),
        a_row(a_covered_member(place, "孙八", sex="male"), "2021-12-31"),
        a_row(a_covered_member(place, "周九", sex="male"), "2022-07-30"),
        a_row(wang, number=""),
        ["", "", "", ""],
    ]
    found = looked(rows, agency)
    assert [one.row for one in found if not one.problem] == [2]
    wanted = ("第 2 行是同一个人", "不是本代办处的会员", "姓名和登记的不一致", "不是日期", "签字日期空着")
    wanted += ("早于同意书", "还没有到", "身份证号空着")
    assert all(word in one.problem for word, one in zip(wanted, found[1:], strict=True))
    assert taken(rows, agency).given == 1
    assert Consent.objects.get().member == wang


def test_a_signature_from_before_a_withdrawal_does_not_count(wang, agency):
    consents.agree(member=wang, edition=consents.EDITION, at=WEDNESDAY - timedelta(days=20))
    consents.withdraw(member=wang, by=wang, at=WEDNESDAY - timedelta(days=10))
    day = (WEDNESDAY - timedelta(days=10)).date()
    [before] = looked([a_row(wang, f"{day}")], agency)
    assert "撤回过同意" in before.problem
    [since] = looked([a_row(wang, f"{day + timedelta(days=1)}")], agency)
    assert (since.problem, since.is_known) == ("", False)


@pytest.mark.parametrize(
    ("rows", "heads", "words"),
    [
        ([["王小明", "1"]], ("姓名", "身份证号"), "这三列"),
        ([], HEADS, "名单是空的"),
        ([["示例：王小明", "1", "2022-07-01"]], ("姓名", "身份证号", "签字日期"), "名单是空的"),
    ],
)
def test_what_is_no_list_is_refused_in_a_sentence(agency, rows, heads, words):
    with pytest.raises(TableRefused, match=words):
        signed_lists.lines(data=as_csv(rows, heads), name="a.csv", by=agency, at=WEDNESDAY)


def test_dates_of_a_workbook_are_read_as_dates(wang, agency):
    data = as_xlsx([["1", wang.name, wang.id_number, "2022/7/1"]], HEADS)
    [one] = signed_lists.lines(data=data, name="a.xlsx", by=agency, at=WEDNESDAY)
    assert (f"{one.signed_on}", one.problem) == (SIGNED, "")


def test_it_is_asked_in_a_handful_of_statements(place, agency, django_assert_max_num_queries):
    rows = [a_row(a_covered_member(place, f"会员{at}", sex="male")) for at in range(12)]
    with django_assert_max_num_queries(6):
        looked(rows, agency)


def test_the_business_day_is_shanghais(wang, agency):
    at = datetime(2022, 6, 30, 17, tzinfo=UTC)  # already the first of July there
    [one] = looked([a_row(wang)], agency, at)
    assert one.problem == ""
