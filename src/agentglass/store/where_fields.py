"""What a filter can ask for: the fields, where each one is kept, and which values it takes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from agentglass.errors import did_you_mean
from agentglass.spans import PICO_PER_USD, Level, Status
from agentglass.store.where_words import Word

__all__ = ["FIELDS", "KINDS", "TAG", "Field", "Kind", "UnknownWordError"]

KindName = Literal["text", "count", "usd", "duration", "time", "status", "level"]

_TEXT_OPERATORS = ("=", "!=", "~")
_ORDER_OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
_MAX = 2**63 - 1
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)([A-Za-z]*)")
_UNIT_NS = {
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3_600 * 10**9,
    "d": 86_400 * 10**9,
    "w": 604_800 * 10**9,
}


class UnknownWordError(ValueError):
    """A value is none of those that a field takes."""

    def __init__(self, hint: str) -> None:
        self.hint = hint
        """What was probably meant; may be empty."""
        super().__init__(hint)


@dataclass(frozen=True, slots=True)
class Field:
    """Something of a run that a filter can ask for."""

    kind: KindName
    columns: tuple[str, ...]
    """SQL expressions; it is enough that one of them matches."""
    at_least: str | None = None
    """What to compare where only more counts: a part of a sum proves that the whole is larger."""
    of_spans: bool = False
    """Whether any span of the run may match, instead of the run."""


FIELDS: Mapping[str, Field] = {
    "cost": Field("usd", ("CASE unpriced WHEN '[]' THEN cost_pico END",), at_least="cost_pico"),
    "tokens": Field("count", ("input_tokens + output_tokens",)),
    "input_tokens": Field("count", ("input_tokens",)),
    "output_tokens": Field("count", ("output_tokens",)),
    "spans": Field("count", ("span_count",)),
    "errors": Field("count", ("error_count",)),
    "duration": Field("duration", ("end_ns - start_ns",)),
    "started": Field("time", ("start_ns",)),
    "status": Field("status", ("status",)),
    "level": Field("level", ("level",)),
    "workflow": Field("text", ("workflow",)),
    "name": Field("text", ("name",)),
    "session": Field("text", ("session_id",)),
    "user": Field("text", ("user_id",)),
    "node": Field(
        "text", ("coalesce(node_id, CASE type WHEN 'node' THEN name END)",), of_spans=True
    ),
    "model": Field("text", ("model",), of_spans=True),
    "provider": Field("text", ("provider",), of_spans=True),
    "error": Field("text", ("error_type", "error_message"), of_spans=True),
}

TAG = Field("text", ("(SELECT value FROM json_each(tags) WHERE key = ?)",))
"""A tag, whose name is bound."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What values a field takes and how they compare."""

    operators: tuple[str, ...]
    expected: str
    """For messages, as in `a number`."""
    read: Callable[[Word, int], Any]
    """From a word and the time now to what the store compares; raises ValueError."""


def _text(word: Word, now_ns: int) -> str:
    return word.text


def _count(word: Word, now_ns: int) -> int:
    number, unit = _number(word)
    if unit or number != int(number):
        raise ValueError
    return _within(number)


def _usd(word: Word, now_ns: int) -> int:
    number, unit = _number(word)
    if unit:
        raise ValueError
    return _within(number * PICO_PER_USD)


def _duration(word: Word, now_ns: int) -> int:
    number, unit = _number(word)
    return _within(number * _UNIT_NS[unit or "s"])


def _time(word: Word, now_ns: int) -> int:
    if word.kind == "number":
        number, unit = _number(word)
        if not unit:
            raise ValueError
        return _within(now_ns - number * _UNIT_NS[unit])
    seconds = Decimal(str(datetime.fromisoformat(word.text).timestamp()))
    return _within(seconds * 10**9)


def _number(word: Word) -> tuple[Decimal, str]:
    match = _NUMBER.fullmatch(word.raw)
    if match is None:
        raise ValueError
    if match[2] and match[2] not in _UNIT_NS:
        raise UnknownWordError(f" Units: {', '.join(_UNIT_NS)}.")
    return Decimal(match[1]), match[2]


def _within(number: Decimal) -> int:
    """Return the nearest number that the store's 64 bits hold."""
    return int(min(max(number, Decimal(-_MAX)), Decimal(_MAX)))


def _one_of(known: tuple[str, ...]) -> Callable[[Word, int], str]:
    def read(word: Word, now_ns: int) -> str:
        if word.text not in known:
            raise UnknownWordError(did_you_mean(word.text, known))
        return word.text

    return read


_STATUSES = tuple(str(status) for status in Status)
_LEVELS: tuple[str, ...] = get_args(Level)

KINDS: Mapping[KindName, Kind] = {
    "text": Kind(_TEXT_OPERATORS, "a text", _text),
    "count": Kind(_ORDER_OPERATORS, "a whole number", _count),
    "usd": Kind(_ORDER_OPERATORS, "a number of USD", _usd),
    "duration": Kind(_ORDER_OPERATORS, "a duration, as in 500ms, 1.5s, 2m", _duration),
    "time": Kind(_ORDER_OPERATORS, "a date such as 2026-11-21, or an age such as 2h, 7d", _time),
    "status": Kind(("=", "!="), f"one of {', '.join(_STATUSES)}", _one_of(_STATUSES)),
    "level": Kind(("=", "!="), f"one of {', '.join(_LEVELS)}", _one_of(_LEVELS)),
}
