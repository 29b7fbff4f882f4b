"""The book of a province: which offices keep it, and the one lock that whoever writes in it takes."""

from collections.abc import Iterable

from django.db.models import QuerySet

from huzhu.ledger.models import LedgerEntry
from huzhu.organisations.models import Organisation


class NoBook(LookupError):
    """No provincial office stands at or above this one."""


def books(by: Organisation) -> QuerySet[Organisation]:
    """The books that somebody of this organisation may have to do with: those below it, and the one above."""
    provinces = Organisation.objects.filter(kind=Organisation.Kind.PROVINCE)
    return (provinces.under(by) | provinces.filter(pk__in=_above(by))).order_by("path")


def book_of(office: Organisation) -> Organisation:
    """The province at or above an office; raises NoBook."""
    return _books_of([office], Organisation.objects.all())[office.pk]


def locked_books(offices: Iterable[Organisation]) -> dict[int, Organisation]:
    """Office → its book, each book's row locked in a fixed order until the transaction ends; raises NoBook.

    Posting, locking a month and signing a day take this lock, so that none of them looks past another.
    """
    return _books_of(offices, Organisation.objects.select_for_update(no_key=True))


def entries_of(book: Organisation) -> QuerySet[LedgerEntry]:
    """All that is written in a book, or for a branch of it."""
    return LedgerEntry.objects.filter(office__path__startswith=book.path)


def _books_of(offices: Iterable[Organisation], rows: QuerySet[Organisation]) -> dict[int, Organisation]:
    wanted = {office.pk: _above(office) for office in offices}
    keys = {key for path in wanted.values() for key in path}
    provinces = rows.filter(pk__in=keys, kind=Organisation.Kind.PROVINCE).order_by("pk")
    found = {one.pk: one for one in provinces}
    books = {pk: next((found[key] for key in path if key in found), None) for pk, path in wanted.items()}
    if astray := [pk for pk, book in books.items() if book is None]:
        names = "、".join(Organisation.objects.filter(pk__in=astray).values_list("name", flat=True))
        raise NoBook(f"{names}上面没有省办事处，账按省来记，没有入账。请先在机构树里把它放到省办事处之下。")
    return {pk: book for pk, book in books.items() if book is not None}


def _above(office: Organisation) -> list[int]:
    return [int(key) for key in office.path.split("/") if key]
