"""Why a roster cannot be staged, mended, cancelled or accepted: each a sentence for the person who must act."""

from huzhu.enrolment.models import Roster
from huzhu.rules.units import SHANGHAI


class RosterRefused(ValueError):
    """A roster cannot be staged, mended, cancelled or accepted as it stands."""


class NotAnEmployer(RosterRefused):
    """Rosters belong to employers, not to offices or unions above them."""


class SchemesRefused(RosterRefused):
    """No scheme was chosen, or some that cannot be joined on that day or together."""


class StartRefused(RosterRefused):
    """Cover cannot begin in the past: what has happened already would be covered."""


class SameFileAgain(RosterRefused):
    """This very file lies here already for the same period and schemes; `roster` is the one that does."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        super().__init__(
            f"这个文件{roster.uploaded_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M} 已经上传过"
            f"（{roster.get_state_display()}），没有重复登记，什么也没有改变。下面就是那一次的名册。"
        )


class ColumnsRefused(RosterRefused):
    """The columns as a person named them make no list of people."""


class RosterSettled(RosterRefused):
    """The roster was accepted or cancelled before."""


class RowsToMend(RosterRefused):
    """Some rows are not good, and the good ones alone were not asked for."""


class NobodyToEnrol(RosterRefused):
    """Not one row is good."""


class RosterLacks(RosterRefused):
    """The roster as a whole does not hold what an edition must have."""


class RowsChanged(RosterRefused):
    """Since the preview somebody on the list was registered or enrolled elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            "预览之后，名册里有人在别处参加或变更了登记，人数和应缴会变，所以没有确认。"
            "已按最新情况重新核对，请再看一遍。"
        )
