"""Photographs that cannot be read are doubted in words, sharp ones are not, and nothing is refused here."""

import pytest

from factories.files import a_photo, a_png
from huzhu.files.photos import BLURRED, BROKEN, DARK, SMALL, doubt

SIZES = [(900, 1200), (1200, 900), (2400, 3200)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("shade", "ink"), [(235, 40), (170, 90), (255, 0)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_print_in_focus_is_not_doubted(size, shade, ink, kind):
    assert doubt(a_photo(shade, ink=ink, size=size, kind=kind)) == ""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("shade", "ink"), [(235, 40), (170, 90), (255, 0)])
def test_print_out_of_focus_is_doubted(size, shade, ink):
    for blur in (4, 8):
        assert doubt(a_photo(shade, ink=ink, size=size, blur=blur * size[0] / 900)) == BLURRED, blur


def test_a_dark_room_is_doubted():
    assert doubt(a_photo(45, ink=5)) == DARK


def test_a_picture_too_small_to_read_is_doubted():
    assert doubt(a_photo(size=(300, 400))) == SMALL
    assert doubt(a_png()) == SMALL


def test_a_picture_that_did_not_come_whole_is_doubted():
    whole = a_photo()
    assert doubt(whole[: len(whole) // 3]) == BROKEN
    assert doubt(b"\xff\xd8\xff\xe0 not a picture") == BROKEN


def test_what_is_no_photograph_is_not_looked_at():
    assert doubt(b"%PDF-1.7 ...") == ""
