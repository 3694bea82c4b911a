"""W3C trace context: how one process tells another which span it works for.

Source: https://www.w3.org/TR/trace-context/
"""

import re
from dataclasses import dataclass

from agentglass.spans.ids import is_span_id, is_trace_id

__all__ = ["TraceParent", "decode_traceparent", "encode_traceparent"]

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_OWN_VERSION = "00"
_SAMPLED = 0x01
_MAX_STATE_CHARS = 4_096


@dataclass(frozen=True, slots=True)
class TraceParent:
    """A span of another process, as its headers name it."""

    trace_id: str
    span_id: str
    is_sampled: bool = True
    """What those before decided about keeping the trace; passed on, and not obeyed."""
    state: str = ""
    """The header `tracestate`, passed on as it came."""


def decode_traceparent(header: str, state: str = "") -> TraceParent | None:
    """Read the two headers; None when the first is not one that the specification allows."""
    found = _TRACEPARENT.fullmatch(header.strip())
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    # A later version may append fields; version ff is forbidden, and ours has none.
    if version == "ff" or (version == _OWN_VERSION and rest):
        return None
    if not is_trace_id(trace_id) or not is_span_id(span_id):
        return None
    kept = state.strip() if len(state) <= _MAX_STATE_CHARS and state.isprintable() else ""
    return TraceParent(trace_id, span_id, bool(int(flags, 16) & _SAMPLED), kept)


def encode_traceparent(trace_id: str, span_id: str, *, is_sampled: bool = True) -> str:
    """Return the header `traceparent`."""
    return f"{_OWN_VERSION}-{trace_id}-{span_id}-{int(is_sampled):02x}"
