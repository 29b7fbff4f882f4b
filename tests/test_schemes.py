"""Every edition on the product's shelf is proved in every reading, and its worked examples pass."""

from pathlib import Path

import pytest

from huzhu.schemes.library import SHELF, Library

LIBRARY = Library(SHELF)
EDITIONS = [path for slug in LIBRARY.folders() for path in LIBRARY.files(SHELF / slug)]


@pytest.mark.parametrize("path", EDITIONS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_edition_on_the_shelf_is_sound(path: Path):
    verdict = LIBRARY.check(path)
    assert [str(problem) for problem in verdict.problems] == []
    assert verdict.claims > 0


@pytest.mark.parametrize("path", EDITIONS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_edition_lies_in_the_folder_of_its_slug_under_its_own_name(path: Path):
    edition = LIBRARY.read(path)
    assert (edition.slug, edition.edition) == (path.parent.name, path.stem)
