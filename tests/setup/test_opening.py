"""The first start: a code from the shell, one transaction, and never a second time."""

from datetime import UTC, datetime, timedelta

import pytest

from factories.at_once import at_once
from factories.organisations import an_association
from factories.users import a_user
from huzhu.audit.models import Event
from huzhu.organisations.models import Organisation
from huzhu.organisations.services import NotAPlace
from huzhu.setup.opening import Site, open_site
from huzhu.users.models import FirstStartCode, Role, User
from huzhu.users.opening import SetUpAlready, WrongStartCode, new_code
from huzhu.users.passwords import PasswordTooWeak
from huzhu.worktime.queries import is_working

pytestmark = pytest.mark.django_db
NOON = datetime(2022, 7, 13, 4, tzinfo=UTC)
SITE = Site("中国职工保险互助会", "黑龙江省办事处", "伊春代办处", "何管理", "He", "battery-horse-9")


@pytest.fixture(autouse=True)
def _quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def nothing_was_done() -> bool:
    return not (Organisation.objects.exists() or User.objects.exists() or Event.objects.exists())


@pytest.mark.parametrize("code", ["", "AAAA-BBBB-CCCC-DDDD", "x" * 500])
def test_without_the_code_nobody_opens_a_site(code):
    new_code(at=NOON)
    with pytest.raises(WrongStartCode):
        open_site(SITE, code=code, at=NOON)
    assert nothing_was_done()


def test_a_site_that_has_anybody_is_not_opened_and_gets_no_code():
    code = new_code(at=NOON)
    a_user()
    with pytest.raises(SetUpAlready):
        new_code(at=NOON)
    with pytest.raises(SetUpAlready):
        open_site(SITE, code=code, at=NOON)
    User.objects.all().delete()
    an_association()
    with pytest.raises(SetUpAlready):
        open_site(SITE, code=code, at=NOON)


def test_an_older_code_and_one_of_yesterday_are_void():
    old, new = new_code(at=NOON), new_code(at=NOON)
    with pytest.raises(WrongStartCode):
        open_site(SITE, code=old, at=NOON)
    with pytest.raises(WrongStartCode, match="24 小时"):
        open_site(SITE, code=new, at=NOON + timedelta(days=1))
    assert nothing_was_done()


def test_what_is_wrong_leaves_nothing_done_and_the_code_good():
    code = new_code(at=NOON)
    weak = Site("协会", "", "", "何管理", "he", "12345678")
    gap = Site("协会", "", "伊春代办处", "何管理", "he", "battery-horse-9")
    with pytest.raises(PasswordTooWeak):
        open_site(weak, code=code, at=NOON)
    with pytest.raises(NotAPlace, match="还要填省办事处"):
        open_site(gap, code=code, at=NOON)
    assert nothing_was_done()
    assert open_site(SITE, code=code, at=NOON)


def test_the_chain_and_the_first_administrator_stand_and_it_is_written_down_by_the_system():
    code = new_code(at=NOON)
    assert code not in str(list(FirstStartCode.objects.values()))
    user = open_site(SITE, code=code.lower().replace("-", " "), at=NOON)
    assert list(Organisation.objects.values_list("name", "code")) == [
        ("中国职工保险互助会", "CN"), ("黑龙江省办事处", "HLJ"), ("伊春代办处", "YC"),
    ]  # fmt: skip
    role = Role.objects.get()
    assert (role.user, role.code, role.organisation.code) == (user, "administrator", "CN")
    event = Event.objects.get()
    assert (event.verb, event.actor_id) == ("setup.open", "system")
    assert not FirstStartCode.objects.exists()
    assert not is_working(datetime(2022, 10, 3, tzinfo=UTC).date())
    with pytest.raises(SetUpAlready):
        open_site(SITE, code=code, at=NOON)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_open_at_once_one_does():
    code = new_code(at=NOON)
    answers = at_once(*[lambda: open_site(SITE, code=code, at=NOON)] * 4)
    refused = [one for one in answers if isinstance(one, WrongStartCode | SetUpAlready)]
    assert len(refused) == 3
    assert Organisation.objects.filter(kind="association").count() == 1
