"""Copies of values, taken the moment they are recorded."""

import marshal
from typing import Any

from agentglass.redact import bound, normalise

__all__ = ["restore", "size_of", "snapshot"]

_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})
_LARGE_BYTES = 4 * 2**20
"""Past this a value is bounded before it is queued, so that a huge state cannot fill the queue."""


def snapshot(value: Any) -> Any:
    """Return a copy that no later change of the value can reach.

    Immutable scalars are kept; everything else becomes `bytes`: one C-level serialisation, the
    cheapest copy there is. `bytes` in a recorded field therefore always means a packed value.
    """
    if type(value) in _AS_THEY_ARE:
        return value if type(value) is not str or len(value) < _LARGE_BYTES else _pack(value)
    try:
        packed = marshal.dumps(value)
    except ValueError:
        return _pack(value)
    return packed if len(packed) < _LARGE_BYTES else _pack(value)


def _pack(value: Any) -> bytes:
    return marshal.dumps(bound(normalise(value)))


def restore(kept: Any) -> Any:
    """Return a fresh value from a snapshot."""
    return marshal.loads(kept) if type(kept) is bytes else kept


def size_of(kept: Any) -> int:
    """Return about how many bytes a snapshot takes."""
    return len(kept) if type(kept) in (bytes, str) else 8
