"""The shelf: schemes are found by name, edition and path, read once, and judged with their worked examples."""

from pathlib import Path

import pytest

from huzhu.rules.problems import SchemeRefused
from huzhu.schemes.library import SHELF, Library, NoSuchScheme
from rules.builders import SHELF as PARENT
from rules.builders import tiny

CASES = """\
format: huzhu-cases/1
facts:
  person: {sex: female}
  cover: {starts_on: 2022-01-01, ends_on: 2023-01-01}
  event: {day: 2022-06-01, S: 1000}
cases:
  - name: 六成
    note: 1000 × 60% = 600
    claims:
      - pays: {aid: 600.00}
"""

OPENS_LATER = ("opens_on: 2020-01-01", "opens_on: 2021-01-01")


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A shelf with one scheme in two editions, its example, and the parent they extend."""
    shelf = tmp_path / "schemes"
    put(shelf / "shelf.yaml", PARENT)
    put(shelf / "tiny" / "2020.yaml", tiny())
    put(shelf / "tiny" / "2021.yaml", tiny(('edition: "1"', 'edition: "2"'), OPENS_LATER))
    put(shelf / "tiny" / "cases" / "all.yaml", CASES)
    put(shelf / "parts" / "only.yaml", tiny(("slug: tiny", "slug: tiny\nabstract: true")))
    return shelf


@pytest.fixture
def library(home: Path) -> Library:
    return Library(home)


def test_the_products_shelf_has_the_three_schemes():
    assert set(Library(SHELF).slugs()) >= {"harbin-80", "yichun-120", "yichun-women"}


def test_only_what_stands_on_its_own_is_listed(library):
    assert library.slugs() == ["tiny"]


def test_a_slug_means_its_newest_edition(library):
    assert library.edition("tiny").edition == "2"


def test_the_newest_edition_is_the_one_that_opens_last_whatever_its_file_is_called(library, home):
    put(
        home / "tiny" / "10.yaml",
        tiny(('edition: "1"', 'edition: "10"'), ("opens_on: 2020-01-01", "opens_on: 2025-01-01")),
    )
    assert library.edition("tiny").edition == "10"


def test_one_edition_is_found_by_slug_and_edition(library):
    assert library.edition("tiny/2020").edition == "1"


def test_a_file_is_found_by_its_path(library, home):
    assert library.edition(str(home / "tiny" / "2020.yaml")).edition == "1"


def test_what_is_not_there_is_told_with_what_is(library):
    with pytest.raises(NoSuchScheme, match="没有方案“tyni”：写 tiny 之一，或方案文件的路径"):
        library.find("tyni")


def test_a_reading_that_is_not_there_is_a_lookup_error(library):
    with pytest.raises(LookupError, match="没有读法可选"):
        library.edition("tiny", "A")
    with pytest.raises(LookupError, match="可选：A、B、C、D、E"):
        Library(SHELF).edition("yichun-120", "F")


def test_an_edition_is_read_once(library):
    assert library.edition("tiny") is library.edition("tiny/2021")


def test_what_only_lends_its_parts_cannot_be_used(library):
    with pytest.raises(SchemeRefused, match="只供别的方案继承"):
        library.edition("parts/only")


def test_a_file_anywhere_may_extend_from_the_shelf(library, tmp_path):
    file = put(tmp_path / "elsewhere" / "mine.yaml", tiny())
    assert library.read(file).slug == "tiny"


def test_a_file_extends_what_lies_beside_it_before_the_shelf(library, tmp_path):
    put(tmp_path / "elsewhere" / "shelf.yaml", PARENT.replace("label: 自付", "label: 自付部分"))
    file = put(tmp_path / "elsewhere" / "mine" / "1.yaml", tiny())
    assert library.read(file).facts["S"].label == "自付部分"


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "../secret", "../../secret", "/etc/passwd", "tiny/../../secret"]
)
def test_what_lies_outside_the_shelf_is_not_extended(library, home, tmp_path, name):
    put(tmp_path / "secret.yaml", PARENT)
    put(tmp_path.parent / "secret.yaml", PARENT)
    file = put(home / "mine" / "1.yaml", tiny(("extends: shelf", f"extends: {name}")))
    with pytest.raises(SchemeRefused, match="找不到要继承的"):
        library.read(file)


def test_a_link_that_leads_off_the_shelf_is_not_followed(library, home, tmp_path):
    outside = put(tmp_path / "outside" / "secret.yaml", PARENT)
    (home / "linked.yaml").symlink_to(outside)
    file = put(home / "mine" / "1.yaml", tiny(("extends: shelf", "extends: linked")))
    with pytest.raises(SchemeRefused, match="找不到要继承的"):
        library.read(file)


def test_a_file_that_is_not_utf8_or_too_big_or_a_folder_is_refused(library, tmp_path):
    latin, big = tmp_path / "latin.yaml", tmp_path / "big.yaml"
    latin.write_bytes("标题".encode("gbk"))
    big.write_bytes(b"#" * 2_000_001)
    for path, says in (
        (latin, "不是 UTF-8 编码"),
        (big, "文件太大"),
        (tmp_path, "文件打不开"),
        (tmp_path / "no", "打不开"),
    ):
        with pytest.raises(SchemeRefused, match=says):
            library.text(path)


def test_files_of_the_shelf_are_called_by_their_place_in_it(library, home, tmp_path):
    assert library.shown(home / "tiny" / "2020.yaml") == "schemes/tiny/2020.yaml"
    assert library.shown(Path("/elsewhere/x.yaml")) == "/elsewhere/x.yaml"


# ── verdicts ──


def test_a_sound_scheme_is_sound(library):
    verdict = library.check(library.find("tiny"))
    assert (verdict.sound, verdict.claims, verdict.file) == (True, 1, "schemes/tiny/2021.yaml")


def test_an_example_that_fails_is_told_at_its_line_with_both_figures(library, home):
    put(home / "tiny" / "cases" / "all.yaml", CASES.replace("600.00", "600.01"))
    verdict = library.check(library.find("tiny"))
    assert not verdict.sound
    assert [str(problem) for problem in verdict.problems] == [
        "schemes/tiny/cases/all.yaml:10: 例题“六成”的 aid 应付 600.01，算得 600.00 → 核对例题的算式，或改正方案"
    ]


def test_a_scheme_without_examples_is_not_sound(library, home):
    (home / "tiny" / "cases" / "all.yaml").unlink()
    verdict = library.check(library.find("tiny"))
    assert [str(problem) for problem in verdict.problems] == [
        "schemes/tiny/2021.yaml:1: 没有例题 → 在 tiny/cases/ 下写几道能用笔算的例题"
    ]


def test_a_scheme_that_is_refused_is_not_sound_and_tells_its_problems(library, home):
    put(home / "tiny" / "2021.yaml", tiny(pays="nothing"))
    verdict = library.check(home / "tiny" / "2021.yaml")
    assert [problem.what for problem in verdict.problems] == ["没有“nothing”这个名称"]


def test_every_reading_is_judged(library, home):
    readings = "default_variant: A\nvariants:\n  A: {label: 甲, text: 甲}\n  B: {label: 乙, text: 乙, overlay: {benefits: {aid: {pays: nothing}}}}\n"
    put(home / "tiny" / "2021.yaml", tiny(tail=readings))
    assert [problem.what for problem in library.check(home / "tiny" / "2021.yaml").problems] == [
        "没有“nothing”这个名称"
    ]


def test_a_broken_file_does_not_hide_its_neighbours(library, home):
    put(home / "broken" / "1.yaml", "a: [")
    assert library.edition("tiny").slug == "tiny"
    with pytest.raises(NoSuchScheme):
        library.find("nothing")


def test_a_scheme_whose_slug_is_not_its_folders_name_is_not_sound(library, home):
    put(home / "tiny" / "2021.yaml", tiny(("slug: tiny", "slug: giant")))
    assert not library.check(home / "tiny" / "2021.yaml").sound


# ── the gallery ──


def test_schemes_of_other_offices_are_found_and_judged_but_never_among_the_offices_own(library, home):
    put(home / "afar" / "1.yaml", tiny(("slug: tiny", "slug: afar"), ("about: {", "about: {gallery: 远方, ")))
    assert (library.slugs(), library.gallery()) == (["tiny"], ["afar"])
    assert [edition.slug for edition in library.editions()] == ["tiny"]
    assert library.edition("afar").about["gallery"] == "远方"


def test_the_products_shelf_offers_four_and_shows_seventeen_of_elsewhere():
    library = Library(SHELF)
    assert library.slugs() == ["yichun-120", "harbin-80", "yichun-women", "yichun-flex"]
    assert len(library.gallery()) == 17
