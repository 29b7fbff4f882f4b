"""The money of one roster as its pages show it: how far it is, dues, slips, transfers."""

from typing import Any

from huzhu.contributions import queries
from huzhu.contributions.giving_back import pieces_of
from huzhu.users.permissions import may


def money_of(by: Any, roster: Any, dues: Any, at: Any) -> dict[str, Any]:
    """What `rosters/money.html` shows."""
    slips = list(queries.slips_visible_to(by).filter(roster=roster))
    return {
        "steps": steps_of(queries.progress(roster, slips, dues)),
        "slips": slips,
        "transfers": queries.transfers_of(roster),
        "may_upload": may(by, "contributions.slip", roster.employer),
        "may_receive": may(by, "contributions.receive", roster.employer),
        "may_print": may(by, "contributions.paper", roster.employer),
        "may_refund": may(by, "refunds.propose", roster.employer) and bool(pieces_of(roster=roster, at=at)),
    }


def steps_of(steps: Any) -> list[tuple[str, Any, str]]:
    """Word, instant, done | now | todo: the last that happened is where it stands, until all is in."""
    happened = sum(step.at is not None for step in steps)
    last = happened - 1 if happened < len(steps) else len(steps)
    return [
        (step.word, step.at, "done" if at < last else "now" if at == last else "todo")
        for at, step in enumerate(steps)
    ]


def on_the_way(by: Any) -> list[tuple[Any, list[tuple[str, Any, str]]]]:
    """The employer's rosters whose money is not all in, each with how far it is."""
    found = []
    for roster in queries.waiting(by)[:5]:
        slips = list(queries.slips_visible_to(by).filter(roster=roster))
        found.append((roster, steps_of(queries.progress(roster, slips, queries.dues_of(roster)))))
    return found
