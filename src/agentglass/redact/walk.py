"""One walk over a value: plain data comes out, within its bounds, nothing shared with the input."""

import re
from typing import Any

from agentglass.redact.keys import Secrecy
from agentglass.redact.limits import MARKER, SLACK, Limits, text_digest, text_size
from agentglass.redact.plain import key_text, number_text, to_plain
from agentglass.redact.texts import clean_surrogates

__all__ = ["CUT", "Walk", "bound", "free_name", "normalise"]

CUT = "agentglass.cut"
"""The one key of a carrier: what `bound` leaves where it cut, for the pass that redacts.

`{CUT: [text, original length, sha256]}` stands for a text, which still has its slack;
`{CUT: n}` as the last item, or `CUT: n` as the last entry, for a container that had n items.
"""

_LEAST = 32
"""A container ends where less than this is left: a text would be all marker."""

_NORMALISED_BYTES = 64 << 20

_SHA256 = re.compile("[0-9a-f]{64}")

Path = tuple[Any, str | int] | str
"""The place of a value: a name, or the place of its container with the key or the position."""


class Walk:
    """Bounds a value: any Python value in, JSON-safe data out.

    NaN and infinity become texts, lone surrogates U+FFFD, bytes `<binary data: N bytes>`, a circle
    `<circular>`, what lies too deep `<depth limit>`. A NUL character stays: JSON escapes it.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.left = 0
        """UTF-8 bytes that the current value may still use, about as JSON would need them."""
        self._open: set[int] = set()

    def value(self, value: Any, path: Path, budget: int, secrecy: Secrecy = Secrecy.OPEN) -> Any:
        """Walk one value; `left` says afterwards what it did not use of the budget.

        Args:
            value: Anything.
            path: Its place in the span.
            budget: UTF-8 bytes that it may use.
            secrecy: What its name says about it.
        """
        self.left = budget
        self._open.clear()
        return self._any(value, path, 0, secrecy)

    def key(self, key: str) -> tuple[str, Secrecy]:
        """Return the name to use for a key, and what it says about its value."""
        return clean_surrogates(key), Secrecy.OPEN

    def _any(self, value: Any, path: Path, depth: int, secrecy: Secrecy) -> Any:
        kind = type(value)
        if kind is str:
            return self._text(value, path, secrecy)
        if value is None or kind is bool:
            self.left -= 5
            return value
        if kind is int or kind is float:
            return self._number(value, path, secrecy)
        if kind is dict or kind is list or kind is tuple:
            return self._container(value, path, depth, secrecy)
        return self._object(value, path, depth, secrecy)

    def _object(self, value: Any, path: Path, depth: int, secrecy: Secrecy) -> Any:
        if id(value) in self._open:
            return self._text("<circular>", path, secrecy)
        self._open.add(id(value))
        try:
            return self._any(to_plain(value, max(self.left, 0) + 1), path, depth, secrecy)
        finally:
            self._open.discard(id(value))

    def _container(self, value: Any, path: Path, depth: int, secrecy: Secrecy) -> Any:
        if type(value) is dict and CUT in value and _is_carrier(value):
            text, length, digest = value[CUT]
            return self._carried(text, length, digest, path, secrecy)
        if id(value) in self._open:
            return self._text("<circular>", path, secrecy)
        if depth >= self.limits.depth:
            return self._text("<depth limit>", path, secrecy)
        self._open.add(id(value))
        self.left -= 2
        walk = self._dict if type(value) is dict else self._list
        result = walk(value, path, depth + 1, Secrecy.ALL if secrecy else Secrecy.OPEN)
        self._open.discard(id(value))
        return result

    def _dict(
        self, value: dict[Any, Any], path: Path, depth: int, secrecy: Secrecy
    ) -> dict[str, Any]:
        result: dict[str, Any] = {}
        total = value[CUT] if CUT in value and type(value[CUT]) is int else None
        named = self._named(value) if "value" in value else Secrecy.OPEN
        for key, item in value.items():
            if total is not None and key == CUT:
                continue
            if self.left < _LEAST:
                total = total or len(value)
                break
            name, own = self.key(key if type(key) is str else key_text(key))
            if name in result:
                name = free_name(name, result)
            self.left -= len(name) + 4
            own = (named or own) if name == "value" else own
            result[name] = self._any(item, (path, name), depth, secrecy or own)
        if total is not None:
            self.left -= len(MARKER) + 9
            self._end_dict(result, path, total)
        return result

    def _list(self, value: list[Any], path: Path, depth: int, secrecy: Secrecy) -> list[Any]:
        result: list[Any] = []
        total = _lost_items(value)
        for position, item in enumerate(value if total is None else value[:-1]):
            if self.left < _LEAST:
                total = total or len(value)
                break
            self.left -= 2
            result.append(self._any(item, (path, position), depth, secrecy))
        if total is not None:
            self.left -= len(MARKER) + 4
            self._end_list(result, path, total)
        return result

    def _number(self, number: int | float, path: Path, secrecy: Secrecy) -> Any:
        text = number_text(number)
        if text is not None:
            return self._text(text, path, secrecy)
        self.left -= 2 + number.bit_length() // 3 if isinstance(number, int) else 8
        return number

    def _named(self, value: dict[Any, Any]) -> Secrecy:
        return Secrecy.OPEN

    def _text(self, text: str, path: Path, secrecy: Secrecy) -> Any:
        text = clean_surrogates(text)
        left = max(self.left, 0)
        if len(text) <= left and (size := text_size(text)) <= left:
            self.left = left - size - 2
            return text
        return self._carried(text, len(text), text_digest(text), path, secrecy)

    def _carried(self, text: str, length: int, digest: str, path: Path, secrecy: Secrecy) -> Any:
        share = self.share()
        self.left -= share
        return {CUT: [text[: share + SLACK], length, digest]}

    def share(self) -> int:
        """Return how many bytes a text may use that does not fit.

        All that is left where it is the whole value; half of it within a container, so that one
        huge text does not push everything behind it out of the record.
        """
        left = max(self.left, 0)
        return left // 2 if self._open else left

    def _end_dict(self, result: dict[str, Any], path: Path, original_length: int) -> None:
        result[CUT] = original_length

    def _end_list(self, result: list[Any], path: Path, original_length: int) -> None:
        result.append({CUT: original_length})


def _lost_items(value: list[Any]) -> int | None:
    last = value[-1] if value else None
    total = last.get(CUT) if isinstance(last, dict) and len(last) == 1 else None
    return total if type(total) is int else None


def _is_carrier(value: dict[Any, Any]) -> bool:
    match list(value.values()):
        case [[str(), int(), str() as digest]]:
            return _SHA256.fullmatch(digest) is not None
    return False


def free_name(name: str, taken: dict[str, Any]) -> str:
    """Return the name with a number behind it: two keys became one, and both values stay."""
    while name in taken:
        name = f"{name}#{len(taken)}"
    return name


def bound(value: Any, limits: Limits | None = None) -> Any:
    """Return a copy of a huge value that is within the record bound, plus slack at each cut.

    For the moment of recording: nothing is redacted yet. What was cut is left as a carrier, see
    `CUT`, from which the `Redactor` reports the original length and hash.
    """
    limits = limits or Limits()
    return Walk(limits).value(value, "", limits.value_bytes)


def normalise(value: Any) -> Any:
    """Return any Python value as JSON-safe data that shares nothing with it, not redacted.

    Bounded so far that a web of shared references cannot fill the memory.
    """
    return Walk(Limits()).value(value, "", _NORMALISED_BYTES)
