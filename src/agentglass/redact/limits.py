"""How much of a value is kept, and how a text is cut."""

from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from agentglass.errors import OptionError
from agentglass.plugins import load_object

__all__ = ["MARKER", "SLACK", "Limits", "cut_text", "shorten", "text_digest", "text_size"]

MARKER = "... [truncated]"
"""Ends a text that was cut, and stands for the items that a container lost."""

SLACK = 256
"""Characters read past a limit before redaction, so that a secret on the edge is seen whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The record bound, and the bounds of the attribute view that MLflow and OTLP get."""

    value_bytes: int = 1 << 20
    """Of one value: the input, the output, one attribute, one event."""
    span_bytes: int = 4 << 20
    """Of all values of one span together."""
    depth: int = 20
    """Containers within containers."""
    stdout_bytes: int = 4096
    stderr_bytes: int = 2048
    state_bytes: int = 2048
    """Of any other value in the attribute view."""

    def __post_init__(self) -> None:
        for item in fields(self):
            number = getattr(self, item.name)
            if not isinstance(number, int) or number < 1:
                raise OptionError(
                    f"The limit `{item.name}` is {number!r}. It must be a whole number above 0."
                )


def text_size(text: str) -> int:
    """Return the length in UTF-8 bytes; a lone surrogate counts three."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def text_digest(text: str) -> str:
    """Return the SHA-256 of the UTF-8 form, in hex."""
    digest: str = _sha256()(text.encode("utf-8", "surrogatepass")).hexdigest()
    return digest


@cache
def _sha256() -> Any:
    """Load OpenSSL when something has to be digested: it is a twentieth of the import."""
    return load_object("hashlib:sha256", feature="A digest")


def cut_text(text: str, limit_bytes: int) -> tuple[str, bool]:
    """Cut a text to so many UTF-8 bytes, never within a character.

    Returns:
        The longest prefix that fits, and whether anything was cut off.
    """
    limit_bytes = max(limit_bytes, 0)
    head = text[:limit_bytes]
    if text_size(head) > limit_bytes:
        data, end = head.encode("utf-8", "surrogatepass"), limit_bytes
        while data[end] & 0b1100_0000 == 0b1000_0000:  # within a character
            end -= 1
        head = data[:end].decode("utf-8", "surrogatepass")
    return head, len(head) < len(text)


def shorten(text: str, limit_bytes: int, *, replacement: str, past_edge: bool) -> str:
    """Cut a redacted text so that it fits with the `MARKER` behind it.

    A replacement that lies on the cut stays whole, so that a second redaction changes nothing.

    Args:
        text: What redaction made of the text, or of its beginning.
        limit_bytes: What the result and the marker may have together.
        replacement: The word that stands for a secret.
        past_edge: Whether the end of `text` is the slack, where half a secret may stand.
    """
    room = limit_bytes - len(MARKER) - text_size(replacement)
    if room <= 0:
        return ""
    kept, _ = cut_text(text[: max(len(text) - SLACK, 0)] if past_edge else text, room)
    end = len(kept)
    at = text.find(replacement, max(end - len(replacement) + 1, 0), end + len(replacement))
    return kept if at < 0 else text[: at + len(replacement)]
