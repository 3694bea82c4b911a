"""Copies of values, taken the moment they are recorded."""

import marshal
from typing import Any

from agentglass.redact import bound, normalise, to_plain

__all__ = ["restore", "size_of", "snapshot"]

_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})
_MAX_ITEMS = 20_000
"""Of a value with objects in it; more are walked with all bounds."""
_OPEN = object()
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
        packed = _dump(value)
    except (ValueError, RecursionError):
        return _pack(value)
    return packed if len(packed) < _LARGE_BYTES else _pack(value)


def _dump(value: Any) -> bytes:
    try:
        return marshal.dumps(value)
    except ValueError:
        return marshal.dumps(_Melt().value(value))


def _pack(value: Any) -> bytes:
    return marshal.dumps(bound(normalise(value)))


class _Melt:
    """Replaces the objects in a value by what they are made of; all else stays as it is.

    For values of an ordinary size and shape, as a state with messages in it. `ValueError` means
    that the value is none. What comes back shares its plain parts with the value: it is to be
    packed at once.
    """

    def __init__(self) -> None:
        self._left = _MAX_ITEMS
        self._known: dict[int, tuple[Any, Any]] = {}
        """Id -> the object, kept so that its id is not used again, and what it became."""

    def value(self, value: Any) -> Any:
        if _is_plain(value):
            return value
        known = self._known.get(id(value))
        if known is not None:
            if known[1] is _OPEN:
                raise ValueError("a circle")
            return known[1]
        self._known[id(value)] = (value, _OPEN)
        plain = self._melt(value, type(value))
        self._known[id(value)] = (value, plain)
        return plain

    def _melt(self, value: Any, kind: type) -> Any:
        if kind is dict:
            self._spend(len(value))
            if not all(map(_is_plain, value)):
                raise ValueError("a key that needs a name of its own")
            return {key: self.value(item) for key, item in list(value.items())}
        if kind is list or kind is tuple:
            self._spend(len(value))
            return [self.value(item) for item in value]
        return self.value(to_plain(value, self._left + 1))

    def _spend(self, items: int) -> None:
        self._left -= items
        if self._left < 0:
            raise ValueError("too much")


def _is_plain(value: Any) -> bool:
    if type(value) in _AS_THEY_ARE:
        return True
    try:
        marshal.dumps(value)
    except ValueError:
        return False
    return True


def restore(kept: Any) -> Any:
    """Return a fresh value from a snapshot."""
    return marshal.loads(kept) if type(kept) is bytes else kept


def size_of(kept: Any) -> int:
    """Return about how many bytes a snapshot takes."""
    return len(kept) if type(kept) in (bytes, str) else 8
