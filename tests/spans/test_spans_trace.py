"""Traces: what a store answers, and whether it holds all that happened."""

from collections.abc import Iterator
from typing import Any

import pytest

from agentglass.spans import ErrorInfo, Gap, Span, Status, Totals, Trace, TraceSummary


def make(span_id: str, parent_id: str | None = None, **fields: Any) -> Span:
    fields = {"start_ns": 0, "end_ns": 10, "name": span_id} | fields
    return Span(trace_id="a" * 32, span_id=span_id, parent_id=parent_id, **fields)


def summary(**fields: Any) -> TraceSummary:
    defaults: dict[str, Any] = dict.fromkeys(TraceSummary.__dataclass_fields__)
    defaults |= {"trace_id": "a" * 32, "run_id": "r", "name": "root", "status": Status.OK}
    defaults |= {"start_ns": 5, "level": "trace", "tags": {}, "totals": Totals()}
    return TraceSummary(**(defaults | fields))


def trace(*spans: Span, gaps: tuple[Gap, ...] = (), **fields: Any) -> Trace:
    return Trace(summary(**fields), lambda: iter(spans), gaps)


def died() -> Span:
    return make("d", "root", error=ErrorInfo("ProcessDied", "gone"))


LOST = Gap("a" * 32, "p1", 3, 4, "the queue was full")


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        (trace(make("root"), expected_spans=1), ()),
        (trace(make("root")), ("the end of the run was not recorded",)),
        (trace(make("root", end_ns=None)), ("1 span is still open",)),
        (
            trace(make("root", end_ns=None), make("x", "root", end_ns=None)),
            ("2 spans are still open",),
        ),
        (trace(make("root"), make("x", "gone"), expected_spans=2), ("1 parent is missing",)),
        (
            trace(make("x", "gone"), make("y", "lost"), expected_spans=2),
            ("2 parents are missing",),
        ),
        (
            trace(make("root"), gaps=(LOST,), expected_spans=5),
            ("4 spans lost: the queue was full", "1 of 5 spans are stored"),
        ),
        (
            trace(make("root"), died(), process_id="p1", expected_spans=2),
            ("unknown tail of process p1",),
        ),
        (trace(make("root"), make("x", "root"), expected_spans=1), ("2 of 1 spans are stored",)),
    ],
)
def test_a_trace_says_in_sentences_what_is_missing(found: Trace, reasons: tuple[str, ...]) -> None:
    assert found.completeness.reasons == reasons
    assert found.completeness.is_complete == (reasons == ())


def test_spans_are_read_when_somebody_asks_and_once() -> None:
    reads = []

    def read() -> Iterator[Span]:
        reads.append(1)
        yield make("root")
        yield make("x", "root")

    found = Trace(summary(), read)
    assert reads == []

    assert [span.span_id for span in found.spans] == ["root", "x"]
    assert [node.span.span_id for _, node in found.tree.walk()] == ["root", "x"]
    assert len(reads) == 1

    assert len(list(found.iter_spans())) == 2
    assert len(reads) == 2


def test_a_summary_names_its_workflow_by_tag_or_by_root() -> None:
    assert summary().workflow == "root"
    assert summary(tags={"workflow": "digest"}).workflow == "digest"


def test_a_duration_is_known_at_the_end() -> None:
    assert summary().duration_ns is None
    assert summary(end_ns=9).duration_ns == 4
