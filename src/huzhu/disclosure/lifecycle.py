"""The states of a disclosure, their exits and who owns each."""

from dataclasses import dataclass

from huzhu.disclosure.models import PublishedAccounts


@dataclass(frozen=True, slots=True)
class Stage:
    """Who must act while it stands here, and where it can go."""

    owner: str
    exits: tuple[str, ...]


State = PublishedAccounts.State
DISCLOSURE: dict[str, Stage] = {
    State.PROPOSED: Stage("出纳放行", (State.PUBLISHED, State.SENT_BACK)),
    State.PUBLISHED: Stage("已办结", ()),
    State.SENT_BACK: Stage("已办结", ()),
}
