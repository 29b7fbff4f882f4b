"""A box of a form: what stands in it, what is wrong with it, how it is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MOST = 200


@dataclass(slots=True)
class Box:
    """One field; `kind` is text, password, number, date or select."""

    name: str
    label: str
    value: str = ""
    hint: str = ""
    kind: str = "text"
    choices: Sequence[tuple[str, str]] = ()
    longest: int = 80
    fills: str = "off"  # what the browser may fill in
    error: str = ""
    finds: str = ""  # the address that answers with choices while somebody types


@dataclass(slots=True)
class Form:
    """Boxes by name, filled from what was sent."""

    boxes: Sequence[Box]
    sent: Mapping[str, str] | None = None
    error: str = ""
    named: dict[str, Box] = field(init=False)

    def __post_init__(self) -> None:
        self.named = {box.name: box for box in self.boxes}
        for box in self.boxes if self.sent is not None else ():
            box.value = (self.sent or {}).get(box.name, "")[:MOST]

    def __getitem__(self, name: str) -> str:
        """What stands in a box, trimmed unless it is a password."""
        box = self.named[name]
        return box.value if box.kind == "password" else box.value.strip()

    def wrong(self, name: str, refusal: object) -> None:
        """Put a sentence at a box; above all boxes, where there is none of that name."""
        if name in self.named:
            self.named[name].error = self.named[name].error or str(refusal)
        else:
            self.error = self.error or str(refusal)

    @property
    def is_wrong(self) -> bool:
        return bool(self.error or any(box.error for box in self.boxes))
