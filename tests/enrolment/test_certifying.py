"""Certificates voided by two people and issued anew, prints counted; and leaving before cover begins."""

from datetime import UTC, datetime

import pytest

from factories.contributions import a_receipt, an_accepted_roster
from factories.enrolment import UPLOADED_AT, an_enrolment, some_workers
from factories.members import a_member
from factories.organisations import a_city
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.contributions import withdrawing
from huzhu.contributions.models import Share
from huzhu.enrolment import certificate, certifying
from huzhu.enrolment.certificate import CertificateIsVoid, certificates
from huzhu.enrolment.models import Enrolment
from huzhu.enrolment.paper import not_drawn, pdf
from huzhu.enrolment.queries import by_token, covering
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
AT = datetime(2022, 7, 13, 2, tzinfo=UTC)


@pytest.fixture
def second(city):
    return a_role("agency_clerk", city, "林代办")


@pytest.fixture
def held(employer):
    return an_enrolment(a_member("刘女士", employer=employer), the_inpatient_scheme())


def proposed(held, sun, reason="姓名印错"):
    return certifying.propose_void(enrolment=held, reason=reason, by=sun, at=AT)


def address_of(token):
    return f"https://example.org/verify/{token}/"


def test_only_the_agency_of_the_branch_voids(held, employer):
    for by in (a_role("employer_clerk", employer), a_role("agency_clerk", a_city())):
        with pytest.raises(NotAllowed):
            proposed(held, by)


def test_it_takes_a_reason_and_a_certificate(held, employer, sun):
    with pytest.raises(certifying.VoidRefused, match="理由"):
        proposed(held, sun, " ")
    waiting = an_enrolment(a_member("王小明", employer=employer), the_inpatient_scheme(), state="awaiting")
    with pytest.raises(certifying.VoidRefused, match="没有生效"):
        proposed(waiting, sun)


def test_who_proposed_does_not_confirm(held, sun, second):
    void = proposed(held, sun)
    with pytest.raises(certifying.SamePerson):
        certifying.settle_void(void=void, agree=True, by=sun, at=AT)
    assert not certifying.to_confirm(sun).exists()
    assert list(certifying.to_confirm(second)) == [void]
    with pytest.raises(certifying.VoidRefused, match="没有再提"):
        proposed(held, second)


def test_a_certificate_stays_good_until_the_second_person_agrees(held, sun, second):
    void = proposed(held, sun)
    assert certificates([held], address_of=address_of).startswith(b"%PDF")
    certifying.settle_void(void=void, agree=False, by=second, at=AT)
    with pytest.raises(certifying.VoidRefused, match="没有再办"):
        certifying.settle_void(void=void, agree=True, by=second, at=AT)
    with pytest.raises(certifying.VoidRefused, match="没有作废"):
        certifying.reissue(enrolment=held, by=sun, at=AT)
    assert proposed(held, sun, "再提一次").state == "proposed"


def test_a_void_certificate_is_not_printed_and_ends_no_cover(held, sun, second):
    certifying.settle_void(void=proposed(held, sun), agree=True, by=second, at=AT)
    with pytest.raises(CertificateIsVoid, match="换发"):
        certificates([held], address_of=address_of)
    assert not certifying.printable(Enrolment.objects.all()).exists()
    assert covering(held.member, AT.date()) == [held]


def test_a_new_certificate_has_its_own_number_and_names_the_old(held, sun, second, printed):
    old_number, old_token = held.certificate_no, held.verify_token
    for times in (1, 2):
        certifying.settle_void(void=proposed(held, sun), agree=True, by=second, at=AT)
        certifying.reissue(enrolment=held, by=sun, at=AT)
        held.refresh_from_db()
        assert held.certificate_no == f"R{times}-{old_number}"
        assert len(held.certificate_no) <= 24
    assert by_token(old_token) is None
    assert certifying.by_old_token(old_token).replaced_by == f"R1-{old_number}"
    certificates([held], address_of=address_of)
    assert (printed[-1]["number"], printed[-1]["old"]) == (f"R2-{old_number}", f"R1-{old_number}")


def test_numbers_of_later_rosters_run_on_after_a_new_one(employer, sun, second):
    """R… begins like no running number, so the next roster counts on from the last of them."""
    inpatient = the_inpatient_scheme()
    clerk = a_role("employer_clerk", employer)
    roster = an_accepted_roster(employer, [inpatient], some_workers(1), by=clerk)
    for share in Share.objects.all():
        a_receipt(share, by=sun)
    held = Enrolment.objects.get(roster=roster)
    certifying.settle_void(void=proposed(held, sun), agree=True, by=second, at=AT)
    certifying.reissue(enrolment=held, by=sun, at=AT)
    later = an_accepted_roster(employer, [inpatient], some_workers(2), by=clerk)
    assert Enrolment.objects.filter(roster=later).count() == 2


def test_the_second_print_is_marked_and_counted(held, sun, printed):
    certificates([held], address_of=address_of)
    assert printed[-1]["again"] == ""
    certifying.note_prints(enrolments=[held], by=sun, at=AT)
    held.refresh_from_db()
    assert held.print_count == 1
    certificates([held], address_of=address_of)
    assert printed[-1]["again"] == "补打（第 2 次打印）"


@pytest.fixture
def printed(monkeypatch):
    """The pages as they go to the printer; they are printed all the same."""
    pages = []

    def keep(source, data):
        pages.extend(data["pages"])
        return pdf(source, data)

    monkeypatch.setattr(certificate, "pdf", keep)
    return pages


@pytest.mark.parametrize("name", ["张䶮", "李𬱖", "阿依古丽·买买提"])
def test_rare_letters_are_printed(employer, name):
    assert not_drawn(name) == ""
    held = an_enrolment(a_member(name, employer=employer), the_inpatient_scheme())
    assert certificates([held], address_of=address_of).startswith(b"%PDF")


def accepted(employer, sun):
    clerk = a_role("employer_clerk", employer)
    return an_accepted_roster(employer, [the_inpatient_scheme()], some_workers(3), by=clerk)


def test_only_the_agency_ends_cover_before_it_begins(employer, sun):
    held = Enrolment.objects.filter(roster=accepted(employer, sun)).first()
    with pytest.raises(NotAllowed):
        withdrawing.end_before_start(
            enrolment=held, reason="已调走", by=a_role("employer_clerk", employer), at=UPLOADED_AT
        )


def test_before_cover_and_money_one_head_is_struck_and_nothing_owed_for_it(employer, sun):
    roster = accepted(employer, sun)
    held = Enrolment.objects.filter(roster=roster).first()
    with pytest.raises(withdrawing.EndRefused, match="理由"):
        withdrawing.end_before_start(enrolment=held, reason="", by=sun, at=UPLOADED_AT)
    before = roster.dues.get().amount_fen
    withdrawing.end_before_start(enrolment=held, reason="已调走", by=sun, at=UPLOADED_AT)
    held.refresh_from_db()
    due = roster.dues.get()
    assert (held.state, due.heads, due.amount_fen) == ("void", 2, before // 3 * 2)
    assert sum(share.amount_fen for share in due.shares.all()) == due.amount_fen


def test_once_money_is_there_or_cover_has_begun_it_is_another_matter(employer, sun):
    roster = accepted(employer, sun)
    one, two, _ = Enrolment.objects.filter(roster=roster)
    share = roster.dues.get().shares.get()
    a_receipt(share, by=sun, amount_fen=100)
    with pytest.raises(withdrawing.EndRefused, match="现在不能退出"):
        withdrawing.end_before_start(enrolment=two, reason="已调走", by=sun, at=UPLOADED_AT)
    a_receipt(share, by=sun, amount_fen=share.amount_fen - 100)
    begun = datetime(2022, 1, 28, 2, tzinfo=UTC)
    with pytest.raises(withdrawing.EndRefused, match="已经开始"):
        withdrawing.end_before_start(enrolment=one, reason="已调走", by=sun, at=begun)
