"""What is wrong with a scheme file, where, and what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a named text; lines and columns count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault: the place, what is wrong and the remedy, both in Chinese."""

    place: Place
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what} → {self.remedy}"


class SchemeRefused(ValueError):
    """The scheme text cannot become an edition; carries every problem found, in order of place."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def refuse(place: Place, what: str, remedy: str) -> SchemeRefused:
    """One problem as an exception, ready to raise."""
    return SchemeRefused([Problem(place, what, remedy)])
