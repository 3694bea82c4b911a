"""Any Python object to plain data, one level deep, without trusting it."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from math import isfinite, isnan
from numbers import Integral, Real
from operator import index
from pathlib import PurePath
from typing import Any
from uuid import UUID

__all__ = ["key_text", "number_text", "to_plain"]

Plain = str | int | float | dict[Any, Any] | list[Any]

_MAX_INT_BITS = 2048
"""Python refuses to write very long integers in decimal; this is safe at its strictest setting."""

_AS_TEXT = (Decimal, UUID, PurePath, timedelta, complex)


def to_plain(value: object, max_items: int) -> Plain:
    """Return what an object is made of as a `str`, number, `dict` or `list`.

    An object that cannot say becomes `<unprintable Foo>`. Nothing that can be read once only, such
    as a generator, is read.

    Args:
        value: Anything but None, a bool or one of the exact types that are returned.
        max_items: Read no more items than this of a container.
    """
    try:
        return _scalar_or_container(value, max_items)
    except Exception:  # noqa: BLE001 - the object's own code may raise anything
        return f"<unprintable {type(value).__name__}>"


def _scalar_or_container(value: object, max_items: int) -> Plain:
    if isinstance(value, Enum):
        return value.value if type(value.value) in (str, int) else value.name
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Integral):
        return index(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        size = value.nbytes if isinstance(value, memoryview) else len(value)
        return f"<binary data: {size} bytes>"
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, _AS_TEXT):
        return str(value)
    return _container(value, max_items)


def _container(value: object, max_items: int) -> Plain:
    if isinstance(value, Mapping):
        return dict(islice(value.items(), max_items))
    if isinstance(value, AbstractSet):
        items = list(islice(value, max_items))
        return sorted(items) if _are_sortable(items) else items
    if isinstance(value, Sequence):
        return list(islice(value, max_items))
    if isinstance(value, type):
        return repr(value)
    if is_dataclass(value):
        return {item.name: getattr(value, item.name, None) for item in fields(value)}
    dump = getattr(value, "model_dump", None)
    if callable(dump) and isinstance(record := dump(), dict):
        return dict(record)
    return repr(value)


def _are_sortable(items: list[Any]) -> bool:
    return len({type(item) for item in items}) == 1 and isinstance(items[0], (str, int, float))


def number_text(number: int | float) -> str | None:
    """Return the text for a number that JSON cannot hold; None when it can."""
    if isinstance(number, int):
        bits = number.bit_length()
        return f"<integer of {bits} bits>" if bits > _MAX_INT_BITS else None
    if isfinite(number):
        return None
    return "NaN" if isnan(number) else "Infinity" if number > 0 else "-Infinity"


def key_text(key: object) -> str:
    """Return the text of a mapping's key, as `json.dumps` writes it where it can."""
    if key is None or isinstance(key, bool):
        return "null" if key is None else str(key).lower()
    plain = to_plain(key, 100)
    if isinstance(plain, str):
        return plain
    if isinstance(plain, (int, float)):
        return number_text(plain) or repr(plain)
    try:
        return repr(key)
    except Exception:  # noqa: BLE001 - as above
        return f"<unprintable {type(key).__name__}>"
