"""How an expression moves when running totals grow: what a change may read, and that no payment falls."""

from collections.abc import Mapping, Set

from huzhu.rules.tree import (
    Add,
    Change,
    Constant,
    Fact,
    Greatest,
    InBands,
    Least,
    Line,
    Multiply,
    Node,
    Paid,
    Passed,
    Rounded,
    Scaled,
    Subtract,
    Total,
)

FALLING, STEADY, RISING, UNKNOWN = -1, 0, 1, 2


def is_steady(node: Node, steady: Set[str]) -> bool:
    """Whether the expression reads nothing of the single event but through running totals."""
    if isinstance(node, Total | Constant):
        return True
    if isinstance(node, Fact | Line):
        return node.name in steady
    if isinstance(node, Paid | Passed | Change):
        return False
    return all(is_steady(part, steady) for part in node.parts())


def direction(node: Node, rising: Mapping[str, int]) -> int:
    """How the value moves when running totals grow: rising, falling, steady or unknown."""
    if isinstance(node, Total):
        return RISING
    if isinstance(node, Line):
        return rising.get(node.name, UNKNOWN)
    moves = [direction(part, rising) for part in node.parts()]
    if all(move == STEADY for move in moves):
        return STEADY
    if isinstance(node, Subtract):
        moves[1] = -moves[1] if moves[1] != UNKNOWN else UNKNOWN
    elif isinstance(node, Multiply):
        return _product_direction(node, moves)
    elif not isinstance(node, Add | Least | Greatest | InBands | Scaled | Rounded):
        return UNKNOWN
    turning = {move for move in moves if move != STEADY}
    return turning.pop() if len(turning) == 1 else UNKNOWN


def _product_direction(node: Multiply, moves: list[int]) -> int:
    if node.left.type.lo < 0 or node.right.type.lo < 0:
        return UNKNOWN
    turning = {move for move in moves if move != STEADY}
    return turning.pop() if len(turning) == 1 else UNKNOWN
