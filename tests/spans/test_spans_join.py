"""One trace out of parts in several stores."""

from dataclasses import replace

from agentglass.spans import ErrorInfo, Gap, Span, Status, Trace, join_traces
from agentglass.store import SQLiteStore
from agentglass.testing import make_span

DIED = ErrorInfo("ProcessDied", "Process 1 died while this span was open.", None)


def part(*spans: Span, gaps: tuple[Gap, ...] = ()) -> Trace:
    """Return what a store has of a trace."""
    store = SQLiteStore(":memory:")
    store.write(spans, gaps)
    trace = store.get_trace(spans[0].trace_id)
    assert trace is not None
    return trace


def test_one_part_is_the_trace():
    trace = part(make_span())

    assert join_traces([trace]) is trace


def test_a_span_that_one_part_saw_end_has_ended_whatever_the_others_hold():
    root = make_span(name="root")
    for left in (
        make_span(trace_id=root.trace_id, span_id=root.span_id, end_ns=None, status=Status.RUNNING),
        make_span(
            trace_id=root.trace_id, span_id=root.span_id, status=Status.ERROR, error=DIED
        ),
    ):  # fmt: skip
        for parts in ([part(left), part(root)], [part(root), part(left)]):
            joined = join_traces(parts)
            assert [(span.name, span.status) for span in joined.spans] == [("root", "ok")]
            assert (joined.summary.status, joined.summary.name) == ("ok", "root")


def test_a_span_that_is_open_elsewhere_is_not_that_of_a_dead_process():
    died = make_span(status=Status.ERROR, error=DIED)
    again = make_span(
        trace_id=died.trace_id, span_id=died.span_id, end_ns=None, status=Status.RUNNING
    )

    joined = join_traces([part(died), part(again)])

    assert joined.summary.status == "running"
    assert joined.summary.end_ns is None


def test_sums_count_each_span_once_and_gaps_are_added():
    root = make_span(name="root")
    below = [make_span(trace_id=root.trace_id, parent_id=root.span_id) for _ in range(4)]
    gap = Gap(root.trace_id, None, 1, 2, "the queue was full")

    joined = join_traces([part(root, *below[:3], gaps=(gap,)), part(root, *below[2:], gaps=(gap,))])

    assert joined.summary.totals.spans == len(joined.spans) == 5
    assert sum(gap.count for gap in joined.gaps) == 4
    assert joined.tree.missing_parents == []


def test_a_part_without_the_root_does_not_name_the_run():
    root = make_span(name="root")
    late = make_span(trace_id=root.trace_id, parent_id=root.span_id, name="late")
    first = part(root)
    tagged = Trace(replace(first.summary, tags={"workflow": "w"}), lambda: iter([root]))

    joined = join_traces([tagged, part(late)])

    assert (joined.summary.name, joined.summary.tags) == ("root", {"workflow": "w"})


def test_without_any_root_there_is_still_a_trace():
    late = make_span(parent_id="00000000000000aa", name="late")

    joined = join_traces([part(late), part(late)])

    assert [span.name for span in joined.spans] == ["late"]
    assert joined.tree.missing_parents == ["00000000000000aa"]
