"""docs/topology.md, made from the table: `python tests/topology/topology_page.py --write`."""

import sys
from pathlib import Path

import topology_asyncio
import topology_interrupts
import topology_langgraph
import topology_lazy
import topology_processes
import topology_servers
import topology_threads
from topology_table import TABLE

__all__ = ["CHAPTERS", "PAGE", "page"]

CHAPTERS = (
    topology_threads,
    topology_asyncio,
    topology_lazy,
    topology_processes,
    topology_servers,
    topology_interrupts,
    topology_langgraph,
)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "topology.md"

_HEAD = """\
# Topology

Which span stands below which: the programs of `tests/topology` and the exact trees that they leave. Each is run by
`tests/topology/test_topology.py`, which also wants every trace to be complete where no question is open; this page is
written from its table by `python tests/topology/topology_page.py --write`.

The parent of a span is the span that is active where it starts. What is active is one ContextVar: tasks and
`asyncio.to_thread` inherit it, threads, executors and greenlets do not, and other processes cannot. There it is handed over:

| to | by |
|---|---|
| a thread, an executor, a callback, a greenlet | `agentglass.propagate(function)` |
| a server | `agentglass.inject(headers)`; there `with agentglass.extract(headers):` |
| a subprocess | `agentglass.inject(os.environ.copy())`; there `with agentglass.extract(os.environ):` |
| a forked child | nothing: it knows the span that was active at the fork, and ends none of its parent's |
| a spawned worker, a task queue | `agentglass.inject({})` in the message, `extract` in the worker |
| whoever goes on with an interrupted run | the ticket of `agentglass.record.open_interrupt`, for `resume_trace` and `answer_interrupt` |

A trace that began elsewhere keeps its trace id. Its run id is the same UUID, or for the id of a foreign tracer the UUID v4 that
differs from it in six bits. Headers that are not valid W3C trace context are ignored; `tracestate` and the sampling flag are
passed on as they came.

Siblings are shown in order of name, because those that run at once start in any order.
"""


def page() -> str:
    """Return the text of the page."""
    parts = [_HEAD]
    for chapter in CHAPTERS:
        title = (chapter.__doc__ or "").strip().removesuffix(".")
        parts.append(f"## {title}\n")
        rows = [row for row in TABLE.values() if row.run.__module__ == chapter.__name__]
        for row in rows:
            tree = "\n".join(f"    {line}" for line in row.tree.splitlines())
            parts.append(f"### {row.name}\n\n{row.shows}\n\n{tree}\n")
    return "\n".join(parts)


if __name__ == "__main__" and "--write" in sys.argv:
    PAGE.write_text(page(), encoding="utf-8")
