"""What this machine is worth just now: the same machine is half as fast in some hours, and two runs are compared by this."""

import json
import time

ROUNDS = 2_000
THING = {f"key {number}": [number, str(number), {"half": number / 2}] for number in range(40)}


def fixed_work() -> float:
    """Milliseconds of processor for a fixed piece of the interpreter's work: text out of rows, rows out of text, in order."""
    began = time.process_time()
    for _ in range(ROUNDS):
        sorted(json.loads(json.dumps(THING, sort_keys=True)).items(), key=lambda pair: pair[1][0])
    return (time.process_time() - began) * 1000
