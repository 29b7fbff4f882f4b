"""A QR code as an SVG picture, for papers and pages."""

import io

import segno


def code(text: str) -> str:
    """The SVG of this text; it scales to whatever room it is given."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=0, xmldecl=False, omitsize=True)
    return out.getvalue().decode()
