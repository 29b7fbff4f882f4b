"""What a process that lives long tells Python's collector."""

import gc


def keep_what_is_loaded() -> None:
    """What is loaded by now lives as long as the process, and a list of a thousand rows is not garbage yet.

    Left alone the collector walks through all of it several times a page, or a slice: half the time of the slowest
    pages, a fifth of a run's.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
