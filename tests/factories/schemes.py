"""Published editions for tests: the product's own shelf."""

from datetime import UTC, datetime

from huzhu.schemes.models import SchemeEdition
from huzhu.schemes.queries import shelf
from huzhu.schemes.services import publish

PUBLISHED_AT = datetime(2021, 12, 10, 1, 0, tzinfo=UTC)


def a_published(slug="yichun-120", variant=None) -> SchemeEdition:
    """The newest edition of a scheme on the shelf, published."""
    return publish(edition=shelf().edition(slug, variant), at=PUBLISHED_AT)


def the_inpatient_scheme() -> SchemeEdition:
    """120 yuan: inpatient, critical illness, accident."""
    return a_published("yichun-120")


def the_women_scheme() -> SchemeEdition:
    """25 yuan: special illnesses of women."""
    return a_published("yichun-women")


def the_capped_scheme() -> SchemeEdition:
    """80 yuan: inpatient up to 8,000 yuan and two claims a period."""
    return a_published("harbin-80")


def the_flexible_scheme() -> SchemeEdition:
    """A demonstration: individuals pay 140 yuan, platforms 120 a head."""
    return a_published("yichun-flex")
