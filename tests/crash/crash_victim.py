"""A program that records until something happens to it, and keeps a log of what has ended.

A line of the log: the number of a span, when it ended, and the time up to which the recorder vouches
for everything at that moment (unix ns).

    python crash_victim.py kill | sigterm | exit SPANS | full PAGES
"""

import os
import sys
import time

import agentglass
from agentglass.record import current_recorder

SPANS = 1_000_000
SPANS_WHEN_FULL = 300


def main(end: str, figure: int) -> None:
    if end == "sigterm":
        agentglass.configure(handle_sigterm=True)
    count = {"exit": figure, "full": SPANS_WHEN_FULL}.get(end, SPANS)
    with agentglass.trace("victim", tags={"workflow": "crash"}):
        for number in range(count):
            if end == "full" and number == 20:
                fill_disk(figure)
            record(number)
        if end == "exit":
            os._exit(0)


def record(number: int) -> None:
    with agentglass.span("outer"), agentglass.span("step", input=number) as span:
        span.output = "x" * 2000
    now_ns = current_recorder().now_ns()
    vouched_ns = now_ns - round(current_recorder().receipt().lag_ms * 1e6)
    # One write, unbuffered: a line is there or not.
    os.write(1, b"%d %d %d\n" % (number, span.end_ns, vouched_ns))
    if number % 7 == 0:
        time.sleep(0.002)


def fill_disk(pages: int) -> None:
    """Leave room for so many more pages in the store: a full disk that needs no disk."""
    agentglass.flush()
    connection = current_recorder().store._connection
    with connection.reading() as db:
        used = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {used + pages}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
