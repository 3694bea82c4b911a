"""The span: the one record that everything in agentglass makes, keeps or shows."""

import itertools
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from agentglass.spans.status import Status
from agentglass.spans.usage import Cost, Usage
from agentglass.spans.w3c import TraceParent

__all__ = [
    "ErrorInfo",
    "Event",
    "Level",
    "Link",
    "Resource",
    "Span",
    "SpanKey",
    "SpanType",
    "TraceState",
]

SpanKey = tuple[str, str]
"""(trace_id, span_id): 64 bits are unique within a trace only."""

Level = Literal["off", "metrics", "trace"]
"""How much is recorded: nothing, everything but contents, everything."""


class SpanType(StrEnum):
    """What kind of step a span stands for."""

    WORKFLOW = "workflow"
    SEGMENT = "segment"
    NODE = "node"
    AGENT = "agent"
    DELEGATION = "delegation"
    CHAIN = "chain"
    LLM = "llm"
    EMBEDDING = "embedding"
    TOOL = "tool"
    SANDBOX = "sandbox"
    RETRIEVAL = "retrieval"
    RERANKER = "reranker"
    MEMORY_READ = "memory_read"
    MEMORY_WRITE = "memory_write"
    INTERRUPT = "interrupt"
    STATE_CHANGE = "state_change"
    USER_INPUT = "user_input"
    FINAL_OUTPUT = "final_output"
    GUARDRAIL = "guardrail"
    EVALUATOR = "evaluator"
    PLAN = "plan"
    SPAN = "span"


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """Why a span failed."""

    type: str
    """The class of the exception, as in `ValueError`."""
    message: str
    stacktrace: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that are set."""
        record = {"type": self.type, "message": self.message}
        return record if self.stacktrace is None else {**record, "stacktrace": self.stacktrace}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "ErrorInfo":
        """Read what `to_dict` wrote."""
        return cls(record["type"], record["message"], record.get("stacktrace"))


@dataclass(frozen=True, slots=True)
class Event:
    """An instant within a span."""

    name: str
    time_ns: int
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """A reference to a span of this or another trace."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resource:
    """Where spans come from; stored once per source."""

    service: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """Process, host, framework versions, git revision, under OTel resource names."""


class TraceState:
    """What the spans of one trace share while they are recorded."""

    __slots__ = (
        "_reads",
        "budget",
        "environment",
        "expected",
        "level",
        "metadata",
        "policy",
        "project",
        "release",
        "run_id",
        "session_id",
        "started",
        "tags",
        "trace_id",
        "upstream",
        "user_id",
    )

    def __init__(
        self,
        trace_id: str,
        run_id: str,
        *,
        level: Level = "trace",
        tags: Mapping[str, str] | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        policy: Any = None,
        upstream: TraceParent | None = None,
    ) -> None:
        self.trace_id = trace_id
        self.run_id = run_id
        self.level: Level = level
        self.tags: dict[str, str] = dict(tags or {})
        self.session_id = session_id
        self.user_id = user_id
        self.project: str | None = None
        self.environment: str | None = None
        self.release: str | None = None
        self.metadata: dict[str, Any] = {}
        self.policy = policy
        """Redaction on top of the global one; an instrumentor's own."""
        self.upstream = upstream
        """The span of another process that this one works for; None where the trace began."""
        self.budget: Any = None
        """The run's budget ledger, where one was set."""
        self.started = itertools.count().__next__
        """Called once per started span; C-level, so that no lock is needed."""
        self.expected: int | None = None
        """How many spans were started, counted when the root ended; None before."""
        self._reads = 0

    def under(self, policy: Any) -> "TraceState":
        """Return it as one span sees it that has a policy of its own."""
        seen = copy(self)
        seen.policy = policy if self.policy is None else self.policy | policy
        return seen

    def detached(self, tags: Mapping[str, str]) -> "TraceState":
        """Return a copy for the store, with these tags and the count as it is now."""
        copy = TraceState(
            self.trace_id,
            self.run_id,
            level=self.level,
            tags=tags,
            session_id=self.session_id,
            user_id=self.user_id,
            upstream=self.upstream,
        )
        copy.project, copy.environment, copy.release = self.project, self.environment, self.release
        copy.metadata = dict(self.metadata)
        copy.expected = None if self.upstream else self.expected
        return copy

    def started_count(self) -> int:
        """Return how many spans were started so far."""
        count = self.started() - self._reads
        self._reads += 1
        return count


class Span:
    """One step of a run: what it was called with, what it gave, how long, how much.

    `input` and `output` are JSON values. While a span is recorded its user sees it through
    `agentglass.record`'s live subclass; a span that comes out of a store or a decoder is this class.
    """

    __slots__ = (
        "attributes",
        "cost",
        "end_ns",
        "error",
        "events",
        "input",
        "links",
        "name",
        "output",
        "parent_id",
        "process_id",
        "resource",
        "seq",
        "span_id",
        "start_ns",
        "status",
        "trace",
        "trace_id",
        "type",
        "usage",
    )

    def __init__(
        self,
        *,
        trace_id: str,
        span_id: str,
        parent_id: str | None = None,
        name: str,
        type: str = SpanType.SPAN,
        start_ns: int,
        end_ns: int | None = None,
        status: Status = Status.RUNNING,
        error: ErrorInfo | None = None,
        input: Any = None,
        output: Any = None,
        usage: Usage | None = None,
        cost: Cost | None = None,
        attributes: dict[str, Any] | None = None,
        events: list[Event] | None = None,
        links: list[Link] | None = None,
        trace: TraceState | None = None,
        resource: Resource | None = None,
        seq: int = 0,
        process_id: str | None = None,
    ) -> None:
        self.trace_id = trace_id
        """32 lowercase hex digits."""
        self.span_id = span_id
        """16 lowercase hex digits."""
        self.parent_id = parent_id
        """None for a root."""
        self.seq = seq
        """Monotonic per store, bumped by every write; 0 before the first one."""
        self.process_id = process_id
        self.name = name
        self.type = type
        self.start_ns = start_ns
        """Unix time in nanoseconds."""
        self.end_ns = end_ns
        """None while the span is open."""
        self.status = status
        self.error = error
        self.input = input
        self.output = output
        self.usage = usage
        self.cost = cost
        self.attributes: dict[str, Any] = {} if attributes is None else attributes
        self.events: list[Event] = [] if events is None else events
        self.links: list[Link] = [] if links is None else links
        self.trace = trace
        self.resource = resource

    @property
    def key(self) -> SpanKey:
        """(trace_id, span_id)."""
        return (self.trace_id, self.span_id)

    @property
    def is_root(self) -> bool:
        """Whether the span has no parent."""
        return self.parent_id is None

    @property
    def duration_ns(self) -> int | None:
        """How long the span took; None while it is open."""
        return None if self.end_ns is None else self.end_ns - self.start_ns

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {self.type} {self.status} {self.span_id}>"
