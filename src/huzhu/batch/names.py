"""Column names for generated SQL: engines fold case, scheme authors do not."""


class Names:
    """Hands out names that stay different when case is lost."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def new(self, wanted: str) -> str:
        name, number = wanted.lower(), 1
        while name in self.taken:
            number += 1
            name = f"{wanted.lower()}_{number}"
        self.taken.add(name)
        return name
