"""How cost grows with the number of claims, drawn: both axes by powers of ten, a line a way, a second picture for memory."""

import math
from collections.abc import Mapping
from pathlib import Path

Points = Mapping[str, Mapping[int, float]]  # way → claims → value
COLOURS = ("#206bc4", "#d63939", "#2fb344", "#f59f00", "#626976")
WIDE, HIGH, LEFT, TOP = 420, 280, 60, 40


def drawn(pictures: Mapping[str, Points], path: Path) -> None:
    """Writes the pictures (title → points) beside one another as one SVG."""
    body = "".join(
        _picture(title, points, number * (WIDE + 90))
        for number, (title, points) in enumerate(pictures.items())
    )
    ways = list(dict.fromkeys(way for points in pictures.values() for way in points))
    keys = "".join(
        f'<text x="{LEFT + number * 190}" y="{HIGH + 100}" fill="{COLOURS[number]}">● {way}</text>'
        for number, way in enumerate(ways)
    )
    size = f"{len(pictures) * (WIDE + 90)} {HIGH + 115}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" font-family="sans-serif" font-size="13">'
    path.write_text(
        f'{head}<rect width="100%" height="100%" fill="white"/>{body}{keys}</svg>\n', encoding="utf-8"
    )


def _picture(title: str, points: Points, at: int) -> str:
    sizes = sorted({size for line in points.values() for size in line})
    values = [value for line in points.values() for value in line.values()]
    low, high = (math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def place(size: float, value: float) -> tuple[float, float]:
        x = at + LEFT + (math.log10(size) - first) / (last - first) * WIDE
        return round(x, 1), round(TOP + HIGH - (math.log10(value) - low) / (high - low) * HIGH, 1)

    parts = [f'<text x="{at + LEFT}" y="24" font-weight="bold">{title}</text>']
    for power in range(low, high + 1):
        x, y = place(sizes[0], 10.0**power)
        parts.append(
            f'<path d="M{x} {y}h{WIDE}" stroke="#dce1e7"/><text x="{x - 8}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>'
        )
    for size in sizes:
        x, y = place(size, 10.0**low)
        parts.append(f'<text x="{x}" y="{y + 20}" text-anchor="middle">{_spoken(size)}</text>')
    for number, line in enumerate(points.values()):
        spots = [place(size, value) for size, value in sorted(line.items())]
        path = " L".join(f"{x} {y}" for x, y in spots)
        parts.append(f'<path d="M{path}" fill="none" stroke="{COLOURS[number]}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{COLOURS[number]}"/>' for x, y in spots]
    return "".join(parts)


def _spoken(size: int) -> str:
    digits = int(math.log10(size))
    lead = size // 10**digits
    power = "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(digits))
    return f"{f'{lead}·' if lead > 1 else ''}10{power}"
