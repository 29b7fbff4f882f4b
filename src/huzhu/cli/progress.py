"""What long work is doing, on stderr: a bar that is redrawn on a terminal, a line a step elsewhere."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Progress = Callable[[], float]  # per cent, or less than 0 where the engine does not know
_CELLS = 24


@contextmanager
def steps() -> Iterator[Callable[[str, Progress], None]]:
    """Gives a function to say the next step with; a stop from outside ends the work as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, _stop)
    line = _Line() if sys.stderr.isatty() else None
    try:
        yield line.step if line else _plain
    finally:
        if line:
            line.close()
        signal.signal(signal.SIGTERM, before)


def _stop(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _plain(what: str, _: Progress) -> None:
    print(f"{what}……", file=sys.stderr)


class _Line:
    """The step, how far it is and the seconds it has taken, four times a second."""

    def __init__(self) -> None:
        self.doing: tuple[str, Progress, float] | None = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._turn, daemon=True)
        self.thread.start()

    def step(self, what: str, progress: Progress) -> None:
        self.doing = (what, progress, time.monotonic())

    def _turn(self) -> None:
        while not self.over.wait(0.25):
            if self.doing:
                print(f"\r\033[K{drawn(*self.doing, time.monotonic())}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        self.over.set()
        self.thread.join()
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def drawn(what: str, progress: Progress, since: float, now: float) -> str:
    """The line as it stands: `计算 ████░░░░ 43% 12 秒`, without a bar where nobody knows how far."""
    done = progress()
    bar = ""
    if done >= 0:
        full = int(min(done, 100) * _CELLS / 100)
        bar = f" {'█' * full}{'░' * (_CELLS - full)} {min(done, 100):.0f}%"
    return f"{what}{bar} {now - since:.0f} 秒"
