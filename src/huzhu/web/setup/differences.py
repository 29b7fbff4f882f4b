"""What a new edition says otherwise than the published one."""

from typing import Any

from huzhu.rules.differences import Difference
from huzhu.rules.differences import differences as in_words
from huzhu.rules.edition import Edition
from huzhu.schemes.queries import NotTheSameText, engine


def differences(before: Any, now: Edition) -> list[Difference]:
    """Of a published row and an edition; where the row's file is gone, that is said instead."""
    try:
        old = engine(before)
    except (NotTheSameText, LookupError, ValueError):
        return [Difference("已公布的一版", "它的方案文件不在了，不能逐项比较", "请对照原文看", "")]
    return in_words(old, now)
