"""Live spans to records: copied, redacted, with the open path above them."""

import logging
from collections.abc import Iterable

from agentglass.record.live import LiveSpan
from agentglass.record.snapshot import restore
from agentglass.redact import Redactor, clean_id
from agentglass.spans import (
    Cost,
    ErrorInfo,
    Event,
    Link,
    Processor,
    Resource,
    Span,
    Status,
    TraceState,
    Usage,
    names,
)

__all__ = ["Preparer"]

_IDS = ("session_id", "user_id", "project", "environment", "release")
"""What a trace is found by, and therefore is kept as it was given."""

_logger = logging.getLogger("agentglass")


class Preparer:
    """Makes what the store keeps of live spans; used by the writer thread alone."""

    def __init__(
        self, redactor: Redactor, processors: Iterable[Processor], resource: Resource
    ) -> None:
        self._redactor = redactor
        self._processors: tuple[Processor, ...] = (redactor, *processors)
        attributes = redactor.redact_value(dict(resource.attributes), path="resource")
        self._resource = Resource(clean_id(resource.service), attributes)
        self._warned = False

    def prepare(self, spans: Iterable[LiveSpan]) -> tuple[list[Span], list[LiveSpan]]:
        """Return the records to store, open ancestors first, and the spans that gave none.

        Sets `stored` on each, so that a root which ended before its start was stored is written
        once and an ancestor once for all its children.
        """
        records: list[Span] = []
        failed: list[LiveSpan] = []
        for span in spans:
            if span.stored == 2 or (span.stored == 1 and span.end_ns is None):
                continue
            for each in (*_unstored_path(span), span):
                try:
                    record = self._record(each)
                except Exception:
                    _logger.warning("a span could not be recorded", exc_info=not self._warned)
                    self._warned = True
                    failed.append(each)
                    continue
                if record is not None:
                    records.append(record)
        return records, failed

    def _record(self, live: LiveSpan) -> Span | None:
        has_ended = live.end_ns is not None
        record = _copy(live)
        record.resource = self._resource
        trace = live.trace
        says_more = live.parent is None
        if trace.expected is not None or (live.parent is None and has_ended):
            # What starts after the end of its root makes the count of the root out of date.
            count = trace.started_count()
            if trace.upstream is None:
                says_more = says_more or count != trace.expected
            elif count != trace.expected:
                record.attributes[names.SPANS_STARTED] = count - (trace.expected or 0)
            trace.expected = count
        live.stored = 2 if has_ended else 1
        record.trace = live.trace if live.policy is None else live.trace.under(live.policy)
        for processor in self._processors:
            kept = processor(record)
            if kept is None:
                return None
            record = kept
        record.trace = self._detached(live.trace) if says_more else None
        return record

    def _detached(self, trace: TraceState) -> TraceState:
        copy = trace.detached(self._redactor.redact_tags(trace.tags))
        for name in _IDS:
            value = getattr(copy, name)
            if value is not None:
                setattr(copy, name, clean_id(value))
        copy.metadata = self._redactor.redact_value(copy.metadata, path="metadata")
        return copy


def _unstored_path(span: LiveSpan) -> list[LiveSpan]:
    """Return the ancestors of which the store knows nothing yet, outermost first."""
    path: list[LiveSpan] = []
    above = span.parent
    while above is not None and above.stored == 0:
        path.append(above)
        above = above.parent
    path.reverse()
    return path


def _copy(live: LiveSpan) -> Span:
    """Return a plain span with values of its own; the live one may change meanwhile.

    What a program may have set to something else than it should be is put right here: the store
    must be able to read it again.
    """
    end_ns = live.end_ns
    return Span(
        trace_id=live.trace_id,
        span_id=live.span_id,
        parent_id=live.parent_id,
        name=str(live.name),
        type=clean_id(live.type),
        start_ns=live.start_ns,
        end_ns=end_ns,
        status=_status(live.status),
        error=live.error if isinstance(live.error, ErrorInfo) else None,
        input=live.input,
        output=live.output,
        usage=live.usage if isinstance(live.usage, Usage) else None,
        cost=live.cost if isinstance(live.cost, Cost) else None,
        attributes={name: restore(kept) for name, kept in dict(live.attributes).items()},
        events=[
            Event(e.name, e.time_ns, {k: restore(v) for k, v in e.attributes.items()})
            for e in list(live.events)
        ],
        links=[
            Link(
                clean_id(li.trace_id),
                clean_id(li.span_id),
                {k: restore(v) for k, v in li.attributes.items()},
            )
            for li in list(live.links)
        ],
    )


def _status(given: str) -> Status:
    try:
        return Status(given)
    except ValueError:
        _logger.warning("a span was given the unknown status %r; it is recorded as ok", given)
        return Status.OK
