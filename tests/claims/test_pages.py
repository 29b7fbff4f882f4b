"""Pages of a paper: several, questioned where they cannot be read, deleted or replaced before the claim is handed in."""

import pytest

from factories.claims import WEDNESDAY, a_covered_member, a_draft, a_submitted, yichun
from factories.files import a_photo
from huzhu.audit.models import Event
from huzhu.claims import services
from huzhu.claims.models import Evidence, Page
from huzhu.claims.papers import pages_of
from huzhu.files.models import StoredFile
from huzhu.files.services import FileLost, read
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db


@pytest.fixture
def claim(place):
    return a_draft(a_covered_member(place))


def handed(claim, *photos, kind="receipts", by=None):
    for data in photos:
        services.hand_in(
            claim=claim, kind=kind, name="照片.jpg", data=data, by=by or claim.member, at=WEDNESDAY
        )
    return list(pages_of(claim).filter(paper__kind=kind))


def act(claim, by=None):
    return {"by": by or claim.member, "at": WEDNESDAY}


def test_nobody_else_touches_a_page(place, claim):
    [page] = handed(claim, a_photo())
    other = a_covered_member(place, "王小明", sex="male")
    for verb in (services.drop_page, services.keep_page):
        with pytest.raises(NotAllowed):
            verb(page=page, **act(claim, other))
        with pytest.raises(NotAllowed):
            verb(page=page, **act(claim, yichun().agency()))
    assert Page.objects.count() == 1


def test_a_paper_has_several_pages_in_the_order_they_came(claim):
    pages = handed(claim, a_photo(230), a_photo(231), b"%PDF-1.7 x")
    assert [page.place for page in pages] == [1, 2, 3]
    assert [page.is_image for page in pages] == [True, True, False]
    assert claim.papers.get(kind="receipts").state == "received"


def test_the_same_photograph_twice_is_one_page(claim):
    assert len(handed(claim, a_photo(), a_photo())) == 1


def test_ten_pages_are_too_many_and_the_nine_stay(claim):
    with pytest.raises(services.PaperUnfit, match="最多 9 页"):
        handed(claim, *(a_photo(shade) for shade in range(225, 235)))
    assert Page.objects.count() == 9


def test_a_doubtful_photograph_is_kept_and_waits_for_a_word(claim):
    [page] = handed(claim, a_photo(blur=6))
    assert (page.doubt, page.is_settled) == ("照片看起来不清楚", False)
    services.keep_page(page=page, **act(claim))
    page.refresh_from_db()
    assert (page.doubt, page.is_settled) == ("照片看起来不清楚", True)
    assert Event.objects.get(verb="claims.keep_page").detail["doubt"] == "照片看起来不清楚"


def test_at_the_counter_the_clerk_is_not_asked_but_the_doubt_is_kept(place, claim):
    [page] = handed(claim, a_photo(blur=6), by=place.agency())
    assert (page.doubt, page.is_settled) == ("照片看起来不清楚", True)


def test_a_page_of_a_draft_is_deleted_with_its_file(claim, django_capture_on_commit_callbacks):
    [page] = handed(claim, a_photo())
    file = page.file
    with django_capture_on_commit_callbacks(execute=True):
        services.drop_page(page=page, **act(claim))
    assert not StoredFile.objects.filter(pk=file.pk).exists()
    with pytest.raises(FileLost):
        read(file)
    assert claim.papers.get(kind="receipts").state == Evidence.State.MISSING


def test_a_page_is_replaced_in_its_place(claim):
    first, _ = handed(claim, a_photo(230), a_photo(231))
    services.replace_page(page=first, name="新.jpg", data=a_photo(232), **act(claim))
    names = [(page.place, page.file.name) for page in pages_of(claim).filter(paper__kind="receipts")]
    assert names == [(1, "新.jpg"), (2, "照片.jpg")]


def test_replacing_a_page_by_another_that_is_there_loses_nothing(claim):
    first, second = handed(claim, a_photo(230), a_photo(231))
    services.replace_page(page=first, name="同.jpg", data=a_photo(231), **act(claim))
    assert [page.pk for page in pages_of(claim).filter(paper__kind="receipts")] == [first.pk, second.pk]


def test_what_was_handed_in_for_good_is_not_deleted(place):
    claim = a_submitted(a_covered_member(place))
    page = pages_of(claim).filter(paper__kind="receipts").get()
    with pytest.raises(services.CannotMove, match="不能再删换"):
        services.drop_page(page=page, **act(claim))
    with pytest.raises(services.CannotMove, match="可以再加一页"):
        services.replace_page(page=page, name="x.jpg", data=a_photo(), **act(claim))


def test_of_a_returned_claim_a_photograph_in_question_may_go(place):
    claim = a_submitted(a_covered_member(place))
    services.return_for_papers(claim=claim, reason="住院票据不齐", by=place.agency(), at=WEDNESDAY)
    old, new = handed(claim, a_photo(blur=6))
    services.drop_page(page=new, **act(claim))
    assert [page.pk for page in pages_of(claim).filter(paper__kind="receipts")] == [old.pk]
    assert claim.papers.get(kind="receipts").state == "received"
