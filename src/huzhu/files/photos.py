"""Whether a photograph of a paper can be read: large enough, light enough, sharp enough. It only doubts, it never refuses.

Sharpness: the picture is brought to one size, turned grey, and a Laplacian is laid over it, which answers to edges. Pale
print counts as much as black. Paper is mostly blank, so the variance is taken tile by tile, and the tenth of the tiles with the
most edges speaks for the picture.
"""

import io

from PIL import Image, ImageFilter, ImageOps, ImageStat

from huzhu.files.contents import JPEG, PNG, kind_of

SMALL, DARK, BLURRED = "照片太小，字可能看不清", "照片太暗", "照片看起来不清楚"
BROKEN = "照片打不开，可能没有传完"
LEAST_SIDE = 480  # pixels of the shorter side; the smallest telephone makes more
LEAST_LIGHT = 60  # mean of 0 … 255
LEAST_SHARP = 600  # variance of the Laplacian in the sharpest tiles: text in focus gives 800 and more, out of focus below 500
LONG_SIDE, TILES = 1200, 12
MOST_PIXELS = 60_000_000  # a PNG beyond this is not unpacked: it would fill the memory
_EDGES = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)

Image.MAX_IMAGE_PIXELS = None  # the size is checked here, before anything is unpacked


def doubt(data: bytes) -> str:
    """What is wrong with the photograph, in words for the person; empty where nothing is, or where it is no photograph."""
    if kind_of(data) not in {JPEG, PNG}:
        return ""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
            return _doubt(picture)
    except (OSError, SyntaxError, ValueError):  # what Pillow says of bytes that only begin like a picture
        return BROKEN


def _doubt(picture: Image.Image) -> str:
    if min(picture.size) < LEAST_SIDE:
        return SMALL
    picture.draft("L", (LONG_SIDE, LONG_SIDE))  # a JPEG is unpacked at a fraction of its size
    if picture.size[0] * picture.size[1] > MOST_PIXELS:
        return ""
    grey = picture.convert("L")
    grey.thumbnail((LONG_SIDE, LONG_SIDE))
    if ImageStat.Stat(grey).mean[0] < LEAST_LIGHT:
        return DARK
    return BLURRED if _sharpness(grey) < LEAST_SHARP else ""


def _sharpness(grey: Image.Image) -> float:
    edges = ImageOps.autocontrast(grey, cutoff=0.5).filter(_EDGES)
    edges = edges.crop((1, 1, edges.width - 1, edges.height - 1))  # the filter leaves the rim as it was
    wide, high = edges.size[0] / TILES, edges.size[1] / TILES
    tiles = [
        edges.crop((int(x * wide), int(y * high), int((x + 1) * wide), int((y + 1) * high)))
        for x in range(TILES)
        for y in range(TILES)
    ]
    best = sorted((ImageStat.Stat(tile).var[0] for tile in tiles), reverse=True)[: TILES * TILES // 10]
    return sum(best) / len(best)
