"""What a store answers: traces, summaries, pages, totals."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from agentglass.spans import names
from agentglass.spans.notebook import spans_html
from agentglass.spans.span import Span, SpanType
from agentglass.spans.status import Status
from agentglass.spans.tree import SpanTree, build_tree
from agentglass.spans.usage import PICO_PER_USD, Usage

__all__ = ["Completeness", "Gap", "Page", "Totals", "Trace", "TraceFilter", "TraceSummary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over model calls. Only the deepest span with usage on each path counts."""

    spans: int = 0
    errors: int = 0
    llm_calls: int = 0
    usage: Usage = field(default_factory=Usage)
    cost_pico_usd: int = 0
    """The sum of the calls whose cost is known, in 1e-12 USD."""
    unpriced_models: tuple[str, ...] = ()
    """Models of calls whose cost is unknown; when any is named the sum is partial."""
    calls_without_usage: int = 0

    @property
    def known_cost_usd(self) -> Decimal:
        """The sum of the calls whose cost is known, in USD."""
        return Decimal(self.cost_pico_usd) / PICO_PER_USD

    @property
    def cost_usd(self) -> Decimal | None:
        """The whole cost in USD; None when the cost of any call is unknown."""
        return None if self.unpriced_models else self.known_cost_usd


@dataclass(frozen=True, slots=True)
class Gap:
    """A record of what was not kept."""

    trace_id: str | None
    process_id: str | None
    time_ns: int
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether a trace holds all that happened, and if not, why."""

    reasons: tuple[str, ...]
    """Empty for a complete trace; else sentences."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSummary:
    """One row of the list of runs."""

    trace_id: str
    run_id: str
    name: str
    status: Status
    start_ns: int
    end_ns: int | None
    level: str
    tags: Mapping[str, str]
    session_id: str | None
    user_id: str | None
    project: str | None
    environment: str | None
    release: str | None
    metadata: Mapping[str, Any]
    totals: Totals
    expected_spans: int | None
    """The counter written with the root's end; None before."""
    process_id: str | None

    @property
    def workflow(self) -> str:
        """The tag `workflow`, or the name of the root."""
        return self.tags.get("workflow", self.name)

    @property
    def duration_ns(self) -> int | None:
        """How long the run took; None while it is open."""
        return None if self.end_ns is None else self.end_ns - self.start_ns


class Trace:
    """One trace of a store; its spans are read when somebody asks for them."""

    def __init__(
        self,
        summary: TraceSummary,
        read_spans: Callable[[], Iterator[Span]],
        gaps: tuple[Gap, ...] = (),
    ) -> None:
        self.summary = summary
        self.gaps = gaps
        self._read_spans = read_spans

    def iter_spans(self) -> Iterator[Span]:
        """Read the spans one by one, in order of start; nothing is kept."""
        return self._read_spans()

    @cached_property
    def spans(self) -> list[Span]:
        """All spans, in order of start."""
        return list(self._read_spans())

    @cached_property
    def tree(self) -> SpanTree:
        """The spans, connected."""
        return build_tree(self.spans)

    def _repr_html_(self) -> str:
        """Show the tree in a notebook."""
        return spans_html(self.spans)

    @property
    def attempt(self) -> int:
        """How often the run was started or resumed."""
        return 1 + sum(span.type == SpanType.SEGMENT for span in self.spans)

    @cached_property
    def completeness(self) -> Completeness:
        """Say whether the record holds the whole run."""
        return _judge(self)


def _judge(trace: Trace) -> Completeness:
    reasons: list[str] = []
    open_spans = sum(span.end_ns is None for span in trace.spans)
    if open_spans:
        reasons.append(f"{open_spans} span{'s are' if open_spans > 1 else ' is'} still open")
    if missing := len(trace.tree.missing_parents):
        reasons.append(f"{missing} parent{'s are' if missing > 1 else ' is'} missing")
    reasons.extend(f"{gap.count} spans lost: {gap.reason}" for gap in trace.gaps)
    if any(span.error is not None and span.error.type == "ProcessDied" for span in trace.spans):
        reasons.append(f"unknown tail of process {trace.summary.process_id}")
    expected, stored = trace.summary.expected_spans, len(trace.spans)
    if expected is not None:
        expected += sum(_started_elsewhere(span) for span in trace.spans)
    if expected is not None and expected != stored:
        reasons.append(f"{stored} of {expected} spans are stored")
    elif expected is None and not reasons:
        reasons.append("the end of the run was not recorded")
    return Completeness(tuple(reasons))


def _started_elsewhere(span: Span) -> int:
    count = span.attributes.get(names.SPANS_STARTED, 0)
    return count if isinstance(count, int) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFilter:
    """Which traces to find; everything that is set must hold."""

    workflow: str | None = None
    status: Status | None = None
    since_ns: int | None = None
    """Started at or after, unix ns."""
    until_ns: int | None = None
    """Started before, unix ns."""
    session_id: str | None = None
    user_id: str | None = None
    run_id_prefix: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    where: str | None = None
    """A condition in the language of `agentglass runs --where`, as in `cost > 0.01`."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the traces that were found, latest first."""

    traces: list[TraceSummary]
    cursor: str | None
    """Where to go on; None at the end."""
