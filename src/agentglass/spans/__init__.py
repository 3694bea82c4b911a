"""The ground floor: the span, its parts, its tree, and the ports that the other floors share."""

from agentglass.spans import names
from agentglass.spans.clock import AnchoredClock, Clock
from agentglass.spans.delivery import SUSPECT_ATTEMPTS, Claim, Outbox, SinkAddress
from agentglass.spans.duplicates import find_duplicates
from agentglass.spans.ids import (
    IdSource,
    RandomIds,
    is_span_id,
    is_trace_id,
    run_id_from_trace_id,
    trace_id_from_run_id,
)
from agentglass.spans.join import join_traces
from agentglass.spans.outline import outline
from agentglass.spans.ports import (
    Delivered,
    Delivery,
    Processor,
    Rejected,
    Retry,
    Sink,
    TraceStore,
)
from agentglass.spans.rollup import CALL_TYPES, Calls, counted_spans, find_calls, roll_up
from agentglass.spans.span import (
    ErrorInfo,
    Event,
    Level,
    Link,
    Resource,
    Span,
    SpanKey,
    SpanType,
    TraceState,
)
from agentglass.spans.status import STATUS_TABLE, Status, StatusMeaning, worst_status
from agentglass.spans.trace import Completeness, Gap, Page, Totals, Trace, TraceFilter, TraceSummary
from agentglass.spans.tree import SpanTree, TreeNode, build_tree
from agentglass.spans.upsert import supersedes
from agentglass.spans.usage import PICO_PER_USD, Cost, Usage
from agentglass.spans.w3c import TraceParent, decode_traceparent, encode_traceparent

__all__ = [
    "CALL_TYPES",
    "PICO_PER_USD",
    "STATUS_TABLE",
    "SUSPECT_ATTEMPTS",
    "AnchoredClock",
    "Calls",
    "Claim",
    "Clock",
    "Completeness",
    "Cost",
    "Delivered",
    "Delivery",
    "ErrorInfo",
    "Event",
    "Gap",
    "IdSource",
    "Level",
    "Link",
    "Outbox",
    "Page",
    "Processor",
    "RandomIds",
    "Rejected",
    "Resource",
    "Retry",
    "Sink",
    "SinkAddress",
    "Span",
    "SpanKey",
    "SpanTree",
    "SpanType",
    "Status",
    "StatusMeaning",
    "Totals",
    "Trace",
    "TraceFilter",
    "TraceParent",
    "TraceState",
    "TraceStore",
    "TraceSummary",
    "TreeNode",
    "Usage",
    "build_tree",
    "counted_spans",
    "decode_traceparent",
    "encode_traceparent",
    "find_calls",
    "find_duplicates",
    "is_span_id",
    "is_trace_id",
    "join_traces",
    "names",
    "outline",
    "roll_up",
    "run_id_from_trace_id",
    "supersedes",
    "trace_id_from_run_id",
    "worst_status",
]
