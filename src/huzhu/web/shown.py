"""A scheme as its page shows it: plain words and figures, none of them written twice."""

from dataclasses import dataclass
from datetime import date

from huzhu.rules import entry
from huzhu.rules.about import figure, filled
from huzhu.rules.cases import Case
from huzhu.rules.edition import Benefit, Clause, Condition, Edition, ParameterDef
from huzhu.rules.entry_cases import EntryCase
from huzhu.rules.reader import LATE


@dataclass(frozen=True, slots=True)
class SchemeShown:
    """One edition on one day (an ordinal)."""

    edition: Edition
    day: int
    cases: tuple[Case | EntryCase, ...] = ()

    @property
    def about(self) -> dict[str, str]:
        return {name: filled(self.edition, text, self.day) for name, text in self.edition.about.items()}

    @property
    def benefits(self) -> list[tuple[Benefit, str]]:
        """Each benefit with its plain words."""
        return [
            (benefit, filled(self.edition, benefit.plain, self.day))
            for benefit in self.edition.benefits.values()
        ]

    @property
    def parameters(self) -> list[tuple[ParameterDef, Clause, list[tuple[str, str]]]]:
        """Each figure with its clause and (in force since, value) for every date."""
        clauses = self.edition.clauses
        return [
            (
                definition,
                clauses[definition.clause],
                [
                    (date.fromordinal(day).isoformat(), figure(self.edition, definition, value))
                    for day, value in definition.values
                ],
            )
            for definition in self.edition.parameters.values()
        ]

    @property
    def entry(self) -> list[tuple[Condition, str, Clause]]:
        """Who may join: each condition with its words and its clause."""
        clauses = self.edition.clauses
        return [
            (condition, words, clauses[condition.clause])
            for condition, words in entry.in_words(self.edition, self.day)
        ]

    @property
    def ways(self) -> list[str]:
        """Ways in that are open, as people say them."""
        return entry.ways_in_words(self.edition, self.day)

    @property
    def individuals_may(self) -> bool:
        return "individual" in entry.ways(self.edition, self.day)

    @property
    def terms(self) -> list[tuple[str, str]]:
        return list(entry.terms_in_words(self.edition, self.day))

    @property
    def late(self) -> str:
        return LATE[entry.entry_of(self.edition).late]

    @property
    def opens(self) -> str:
        return date.fromordinal(self.edition.opens_on).isoformat()
