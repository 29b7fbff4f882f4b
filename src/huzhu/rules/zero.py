"""Why a benefit pays nothing, and what would change it: found by walking the tree down to the figure that decides."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from huzhu.rules import tree
from huzhu.rules.edition import Benefit, through_lines
from huzhu.rules.words import Speaker


@dataclass(frozen=True, slots=True)
class Zero:
    """The first thing that stood in the way, and what would change it, as two sentences."""

    why: str
    change: str


def why_zero(benefit: Benefit, speaker: Speaker) -> Zero:
    """For a benefit that paid 0: its first failing condition, else the figure that made the amount 0."""
    for number, condition in enumerate(benefit.conditions, 1):
        gate = tree.Passed(benefit.pays.type, benefit.name, number)
        if not speaker.outcome.slots[speaker.outcome.program.slot[gate.benefit, gate.upto]]:
            change = speaker.would_change(condition.test)
            enough = "，本条即符合" if speaker.enough(condition.test) else ""
            advice = f"。{condition.advice}" if condition.advice else ""
            return Zero(
                f"不符合“{condition.label}”：{speaker.states(condition.test)}", f"{change}{enough}{advice}"
            )
    cap = speaker.edition.cap_over(benefit.name)
    if cap and speaker.outcome.value(benefit.pays):
        return Zero(f"“{cap.label}”已经用完", "下一个保障期重新计算")
    return _Search(speaker).of(benefit.pays)


class _Search:
    """Follows the part of an amount that is 0 until it reaches a figure somebody gave or a limit that is used up."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker
        self.turns: list[tuple[type[tree.Node] | tuple[type[tree.Node], ...], Callable[[Any], Zero]]] = [
            (tree.Scaled, lambda node: self.of(node.value)),
            (tree.Rounded, self.rounded),
            (tree.Line, lambda node: self.of(self.speaker.edition.lines[node.name].body)),
            (tree.Change, self.change),
            (tree.Total, lambda node: self.of(node.of)),
            ((tree.Multiply, tree.Least, tree.Add), self.first_zero),
            (tree.Choice, self.choice),
        ]

    def value(self, node: tree.Node, *, before: bool = False) -> int:
        return int(self.speaker.outcome.value(node, before=before))

    def of(self, node: tree.Node) -> Zero:
        for kinds, found in self.turns:
            if isinstance(node, kinds):
                return found(node)
        return self.figure(node)

    def first_zero(self, node: tree.Node) -> Zero:
        zero = next((part for part in node.parts() if not self.value(part)), None)
        return self.of(zero) if zero else self.figure(node)

    def rounded(self, node: tree.Rounded) -> Zero:
        if not self.value(node.value):
            return self.of(node.value)
        exact = self.speaker.value(node.value)
        return Zero(f"算得 {exact}，不足最小的给付单位", "金额再大一些才会给付")

    def change(self, node: tree.Change) -> Zero:
        """Either a limit was used up before this event, or nothing was added to the totals."""
        for part in through_lines(self.speaker.edition, node.of):
            if isinstance(part, tree.Least):
                for cap in part.choices:
                    if self.is_limit(cap) and self.value(cap) == self.value(part, before=True):
                        what, limit = self.speaker.labels.say(cap), self.speaker.value(cap)
                        return Zero(f"{what}已经用完（{limit}）", "下一个保障期重新计算")
        for part in through_lines(self.speaker.edition, node.of):
            if isinstance(part, tree.Total) and self.value(part) == self.value(part, before=True):
                return self.of(part.of)
        return self.lost_in_rounding(node.of) if isinstance(node.of, tree.Rounded) else self.unmoved(node.of)

    def lost_in_rounding(self, node: tree.Rounded) -> Zero:
        """The totals grew; either what they come to did not, or its growth is less than one step."""
        exact = node.value
        if not self.value(exact):
            return self.of(exact)
        if self.value(exact) == self.value(exact, before=True):
            return self.unmoved(exact)
        step = "一分" if node.step == 1 else "一元"
        return Zero(f"按累计舍入，本次增加的不足{step}：{self.speaker.say(node)}", "累计再多一些才会给付")

    def unmoved(self, node: tree.Node) -> Zero:
        return Zero(f"累计增加了，按规定没有增加给付：{self.speaker.say(node)}", "累计到下一段才会增加给付")

    @staticmethod
    def is_limit(node: tree.Node) -> bool:
        return not any(
            isinstance(part, tree.Total | tree.Line | tree.Fact | tree.Paid) for part in node.walk()
        )

    def choice(self, node: tree.Choice) -> Zero:
        if self.speaker.holds(node.condition):
            if isinstance(node.then, tree.Constant):
                return Zero(self.speaker.states(node.condition), "这种情况按规定不给付")
            return self.of(node.then)
        if isinstance(node.otherwise, tree.Constant):
            return Zero(self.speaker.states(node.condition), self.speaker.would_change(node.condition))
        return self.of(node.otherwise)

    def figure(self, node: tree.Node) -> Zero:
        label, phrase = self.speaker.labels.say(node), self.speaker.say(node)
        return Zero(f"计算的基数为 0：{phrase}", f"{label}大于 0 时才会给付")
