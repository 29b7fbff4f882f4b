"""Amounts in words (大写), as they stand on papers about money."""

from decimal import Decimal

import cn2an  # type: ignore[import-untyped]


def in_words(fen: int) -> str:
    """壹仟捌佰元整, of fen."""
    return cn2an.an2cn(str(Decimal(fen) / 100), "rmb")
