"""Identities: W3C trace and span ids, UUID v4 run ids."""

import os
import random
import re
import uuid
from typing import Protocol

__all__ = [
    "IdSource",
    "RandomIds",
    "is_span_id",
    "is_trace_id",
    "run_id_from_trace_id",
    "trace_id_from_run_id",
]

_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_SPAN_ID = re.compile(r"[0-9a-f]{16}")


class IdSource(Protocol):
    """Where ids come from; `agentglass.testing.SequentialIds` is the predictable one."""

    def trace_id(self) -> str:
        """Return 32 lowercase hex digits that are also a UUID v4."""
        ...

    def span_id(self) -> str:
        """Return 16 lowercase hex digits, not all zero."""
        ...


class RandomIds:
    """Ids from a generator of our own, so that a program's `random.seed` cannot repeat them."""

    __slots__ = ("_bits",)

    def __init__(self) -> None:
        self.reseed()

    def reseed(self) -> None:
        """Start a new sequence; called in every forked child."""
        self._bits = random.Random(os.urandom(32)).getrandbits

    def trace_id(self) -> str:
        """Return the hex form of a fresh UUID v4."""
        return uuid.UUID(int=self._bits(128), version=4).hex

    def span_id(self) -> str:
        """Return 64 random bits in hex."""
        return "%016x" % (self._bits(64) or 1)


def is_trace_id(text: str) -> bool:
    """Tell whether the text is a W3C trace id: 32 lowercase hex digits, not all zero."""
    return _TRACE_ID.fullmatch(text) is not None and text != "0" * 32


def is_span_id(text: str) -> bool:
    """Tell whether the text is a W3C span id: 16 lowercase hex digits, not all zero."""
    return _SPAN_ID.fullmatch(text) is not None and text != "0" * 16


def run_id_from_trace_id(trace_id: str) -> str:
    """Return the run id of a trace: for one of ours the same UUID with its dashes.

    The id of a foreign trace is no UUID v4; with the six bits that say so set it becomes one, and
    every process that records a part of the trace comes to the same.
    """
    return str(uuid.UUID(hex=trace_id, version=4))


def trace_id_from_run_id(run_id: str) -> str:
    """Return the trace id of a run that agentglass started.

    Raises:
        ValueError: The text is not a UUID.
    """
    return uuid.UUID(run_id).hex
