"""What was published, for anybody; what waits, for those who keep the books."""

from typing import Any

from django.db.models import QuerySet

from huzhu.disclosure.models import PublishedAccounts
from huzhu.organisations.models import Organisation
from huzhu.users.permissions import may


def published() -> QuerySet[PublishedAccounts]:
    """Newest first; open to everybody."""
    return PublishedAccounts.objects.filter(state=PublishedAccounts.State.PUBLISHED).select_related("book")


def of_book(by: Any, book: Organisation) -> QuerySet[PublishedAccounts]:
    """Every disclosure of a book, for those who may see its books."""
    if not may(by, "books.see"):
        return PublishedAccounts.objects.none()
    return PublishedAccounts.objects.filter(book=book).select_related("book", "proposed_by", "published_by")
