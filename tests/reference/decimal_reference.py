"""The three schemes once more, with decimals and straight from the clauses; shares no code with the product.

A facts document goes in, yuan per benefit come out. Written to be read beside the clauses, not to be fast.
"""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal

EXACT = Context(prec=60)
ZERO = Decimal(0)
FEN = Decimal("0.01")
OTHER_PAYERS = ("cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")

WAITING_DAYS = 30
CRITICAL = {f"C{n:02d}" for n in range(98)} | {"I21", "I60", "I61", "I62", "N18", "D46", "G35"}
WOMEN = {f"C{n}" for n in range(50, 59)} | {"D05", "D06", "D39"}
DISABILITY = {str(grade): Decimal(22_000 - 2_000 * grade) for grade in range(1, 11)}

READINGS = {
    "A": lambda own, pool: min(own, pool * Decimal("0.2")) * Decimal("0.6"),
    "B": lambda own, pool: min(own, pool) * Decimal("0.2") * Decimal("0.6"),
    "C": lambda _, pool: pool * Decimal("0.2") * Decimal("0.6"),
    "D": lambda own, pool: min(own * Decimal("0.6"), pool * Decimal("0.2")),
    "E": lambda own, pool: min(own, pool) * Decimal("0.6"),
}


def to_fen(amount: Decimal) -> Decimal:
    """Half up to the fen; amounts are never negative here."""
    return amount.quantize(FEN, rounding=ROUND_HALF_UP, context=EXACT)


class Event:
    """One event of a document with the cover it falls under, every field with its meaning."""

    def __init__(self, person: dict, cover: dict, event: dict) -> None:
        self.sex = person.get("sex")
        self.cover = (day(cover, "cover_starts_on"), day(cover, "cover_ends_on"))
        self.since = day(cover, "covered_since_on")
        self.event = event
        self.admitted = day(event, "admitted_on")
        self.diagnosed = day(event, "diagnosed_on")
        self.hurt = day(event, "accident_on")
        self.settled = event.get("inscp_scp_amt") is not None and event.get("hifp_pay") is not None
        self.pool = self.yuan("hifp_pay")
        self.own = self.own_share()

    def yuan(self, name: str) -> Decimal:
        text = self.event.get(name)
        return ZERO if text is None else Decimal(text)

    def own_share(self) -> Decimal:
        """S: inside the pool's range, after the deductible, the pool and every other payer, below the ceiling."""
        gone = self.yuan("act_pay_dedc") + self.pool + self.yuan("above_ceiling_amt")
        gone += sum(map(self.yuan, OTHER_PAYERS), ZERO)
        return max(ZERO, self.yuan("inscp_scp_amt") - gone)

    def inside(self, moment: date | None) -> bool:
        return moment is not None and self.cover[0] <= moment < self.cover[1]

    def first_known_under_cover(self) -> bool:
        return self.diagnosed is not None and self.since <= self.diagnosed < self.cover[1]

    def waited(self) -> bool:
        return self.diagnosed is not None and (self.diagnosed - self.since).days + 1 > WAITING_DAYS

    def suffers(self, listed: set[str]) -> bool:
        code = self.event.get("diagnosis")
        return code is not None and code[:3].upper() in listed

    def place(self) -> tuple:
        """Order inside a member: date, settlement (unknown first), claim number."""
        settled_at = self.event.get("settled_at")
        moment = datetime.fromisoformat(settled_at) if settled_at else datetime.min.replace(tzinfo=UTC)
        return (day(self.event, "occurred_on"), settled_at is not None, moment, self.event["claim_no"])


def day(group: dict, name: str) -> date | None:
    return date.fromisoformat(group[name]) if group.get(name) is not None else None


def story(document: dict) -> list[Event]:
    """The events up to and with the one asked about, in order."""
    person, cover = document.get("person", {}), document["cover"]
    asked = Event(person, cover, document["event"])
    others = [Event(person, event.get("cover", cover), event) for event in document.get("history", [])]
    return [*sorted((one for one in others if one.place() < asked.place()), key=Event.place), asked]


def yichun_120(document: dict, reading: str = "A") -> dict[str, Decimal]:
    events = story(document)
    last = events[-1]
    inpatient = (
        READINGS[reading](last.own, last.pool) if last.inside(last.admitted) and last.settled else ZERO
    )
    grade = last.event.get("disability_grade")
    return {
        "inpatient": to_fen(inpatient),
        "critical": once(
            events, lambda e: e.suffers(CRITICAL) and e.first_known_under_cover() and e.waited(), 10_000
        ),
        "accident": DISABILITY[grade] if last.inside(last.hurt) and grade is not None else ZERO,
    }


def yichun_women(document: dict) -> dict[str, Decimal]:
    def listed(event: Event) -> bool:
        ill = event.sex == "female" and event.suffers(WOMEN)
        return ill and event.first_known_under_cover() and event.waited()

    return {"women": once(story(document), listed, 15_000)}


def once(events: list[Event], counts: object, amount: int) -> Decimal:
    """The amount for the first event that counts, in a whole life."""
    earlier = any(counts(event) for event in events[:-1])
    return Decimal(amount) if counts(events[-1]) and not earlier else ZERO


def harbin_80(document: dict) -> dict[str, Decimal]:
    events = story(document)
    paid = ZERO
    for end in range(1, len(events) + 1):
        paid = half_of_two(events[:end]) - half_of_two(events[: end - 1], period=events[end - 1].cover[0])
    return {
        "inpatient": paid,
        "critical": once(events, lambda e: e.suffers(CRITICAL) and e.first_known_under_cover(), 10_000),
    }


def half_of_two(events: list[Event], period: date | None = None) -> Decimal:
    """F of a period: half of the own shares of its first two stays that had any, at most 8,000, rounded as one sum."""
    period = period or events[-1].cover[0]
    stays = [e for e in events if e.cover[0] == period and e.inside(e.admitted) and e.settled and e.own > 0]
    return to_fen(min(sum((e.own for e in stays[:2]), ZERO) * Decimal("0.5"), Decimal(8000)))


def paid_by_all(document: dict) -> dict[str, dict[str, Decimal]]:
    """Every scheme and reading on one document, by the name under which the product's shelf has it."""
    readings = {f"yichun-120 {name}": yichun_120(document, name) for name in READINGS}
    return {**readings, "yichun-women": yichun_women(document), "harbin-80": harbin_80(document)}
