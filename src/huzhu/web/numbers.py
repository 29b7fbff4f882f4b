"""Whole numbers as forms send them: what is none of ours is no number, never an error of the site."""

LONGEST = 17  # digits that every column holds


def sent(text: object) -> int:
    """What a button or a box of the page sends: a key, a count, fen; 0 for anything else."""
    said = str(text or "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= LONGEST else 0


def typed(text: str, most: int = 10**9) -> int | None:
    """What a person typed, or None; more than `most` is `most`."""
    plain = text.strip().replace(",", "").replace("，", "")
    if not (plain.isascii() and plain.isdecimal()):
        return None
    return min(int(plain), most) if len(plain) <= LONGEST else most
