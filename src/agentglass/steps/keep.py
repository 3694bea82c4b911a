"""A run in a file becomes a run of the store."""

from collections.abc import Iterable, Iterator
from itertools import islice

from agentglass.redact import Redactor
from agentglass.spans import Resource, Span, SpanType, TraceParent, TraceState, TraceStore
from agentglass.steps.reader import RunReader
from agentglass.steps.to_spans import SpanMaker

__all__ = ["keep_run"]

_BATCH = 1000
_NO_PROCESS = "imported"
"""Stands for the process of every span: none of this store's, whose end would end open spans."""


def keep_run(run: RunReader, store: TraceStore) -> str:
    """Write a run into a store, in batches; the same run again changes nothing.

    Secrets are redacted and long values cut, as of everything that a store gets.

    Returns:
        The id of its trace.

    Raises:
        TraceFormatError: A step is wrong; what stands before it is in the store then. `run.check`
            finds it beforehand.
        StoreError: The store cannot be written.
    """
    maker, redactor = SpanMaker(run.head), Redactor()
    known = store.get_trace(maker.trace_id)
    gaps = () if known is not None and known.gaps else tuple(maker.gaps())
    roots = [_redacted(root, redactor) for root in maker.root()]
    count = len(roots)
    # By itself: what is said of a run by its root holds when its segments are written.
    store.write(roots, gaps)
    for batch in _batches(_segments_marked(maker, run)):
        store.write([_redacted(span, redactor) for span in batch])
        count += len(batch)
    maker.finish(count)
    store.write(roots)
    return maker.trace_id


def _redacted(span: Span, redactor: Redactor) -> Span:
    span.process_id = _NO_PROCESS
    if span.trace is not None:
        span.trace.tags = redactor.redact_tags(span.trace.tags)
    if span.resource is not None:
        attributes = redactor.redact_value(dict(span.resource.attributes), path="resource")
        span.resource = Resource(span.resource.service, attributes)
    return redactor(span)


def _segments_marked(maker: SpanMaker, run: RunReader) -> Iterator[Span]:
    """Yield the spans below the root; the last segment of a resumed run speaks for the run."""
    for span in maker.spans(run):
        if span.type == SpanType.SEGMENT and maker.root_id is not None:
            upstream = TraceParent(maker.trace_id, maker.root_id)
            span.trace = TraceState(maker.trace_id, run.head.run_id, upstream=upstream)
        yield span


def _batches(spans: Iterable[Span]) -> Iterator[list[Span]]:
    left = iter(spans)
    while batch := list(islice(left, _BATCH)):
        yield batch
