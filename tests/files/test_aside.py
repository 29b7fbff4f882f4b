"""What was shown and waits for its word: one for each person and thing, for nobody else, gone once it was taken."""

import pytest

from factories.audit import NOON
from factories.users import a_role
from huzhu.files import aside
from huzhu.files.models import StoredFile
from huzhu.files.services import discard, read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


@pytest.fixture
def maker():
    return a_role("payment_maker")


def put(by, text=b"a,b\n1,2\n", about="reply:1"):
    return aside.put_aside(name="回盘.csv", data=text, about=about, by=by, at=NOON)


def test_who_looked_takes_it_and_nobody_else(maker):
    file = put(maker)
    assert read(aside.taken(key=str(file.pk), about="reply:1", by=maker)) == b"a,b\n1,2\n"
    for by, about, key in (
        (a_role("payment_maker"), "reply:1", str(file.pk)),
        (maker, "reply:2", str(file.pk)),
        (maker, "reply:1", "nonsense"),
    ):
        with pytest.raises(aside.AsideGone):
            aside.taken(key=key, about=about, by=by)


def test_a_second_one_takes_the_place_of_the_first_and_others_stay(maker):
    other = put(a_role("payment_maker"))
    statement = put(maker, about="statement:1")
    first = put(maker)
    second = put(maker, b"a,b\n3,4\n")
    assert set(StoredFile.objects.all()) == {other, statement, second}
    with pytest.raises(aside.AsideGone):
        aside.taken(key=str(first.pk), about="reply:1", by=maker)


def test_what_was_taken_in_is_gone(maker):
    file = put(maker)
    discard(file=file, by=maker, at=NOON)
    with pytest.raises(aside.AsideGone):
        aside.taken(key=str(file.pk), about="reply:1", by=maker)
