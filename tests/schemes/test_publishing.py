"""A scheme on the shelf is published once, and what was published is what is computed by."""

import pytest

from factories.schemes import PUBLISHED_AT, a_published, the_women_scheme
from huzhu.schemes.models import SchemeEdition
from huzhu.schemes.queries import NotTheSameText, engine, facts, published, shelf
from huzhu.schemes.services import publish

pytestmark = pytest.mark.django_db


def test_the_same_edition_twice_is_one_row():
    assert a_published().pk == a_published().pk
    assert SchemeEdition.objects.count() == 1


def test_what_is_published_says_its_fee_and_its_dates():
    row = the_women_scheme()
    assert (row.slug, row.edition, row.variant, row.fee_fen) == ("yichun-women", "2021", "", 2500)
    assert row.opens_on.isoformat() == "2021-12-10"
    assert row.short == "女职工特殊疾病"


def test_a_reading_is_an_edition_of_its_own():
    default, literal = a_published("yichun-120"), a_published("yichun-120", "B")
    assert (default.variant, literal.variant) == ("A", "B")
    assert default.identity != literal.identity
    assert engine(literal).variant.name == "B"


def test_the_engine_behind_a_row_has_the_same_fingerprint():
    row = a_published()
    assert engine(row).identity == row.identity
    assert list(published()) == [row]
    assert facts()["hifp_pay"].label == "统筹基金支出"


def test_a_file_changed_after_publication_is_refused(settings, tmp_path):
    row = publish(edition=shelf().edition("yichun-women"), at=PUBLISHED_AT)
    for name in ("yichun-women/2021.yaml", "common/cover.yaml", "common/entry.yaml"):
        copy = tmp_path / name
        copy.parent.mkdir(exist_ok=True)
        copy.write_text((settings.HUZHU_SCHEMES / name).read_text().replace("15000元", "16000元"))
    settings.HUZHU_SCHEMES = tmp_path
    with pytest.raises(NotTheSameText, match="另立新版次"):
        engine(row)
