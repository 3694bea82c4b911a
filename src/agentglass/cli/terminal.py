"""What the verbs print, and where: results on stdout, everything else on stderr."""

import json
import sys
from typing import Any

from agentglass.redact import normalise

__all__ = ["complain", "is_interactive", "print_json", "print_text", "printable"]


def print_text(text: str) -> None:
    """Print a result, also one with characters that the terminal's encoding does not have."""
    sys.stdout.write(printable(text, sys.stdout.encoding) + "\n")
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """Print a value for a script; what JSON cannot hold is written as the record keeps it."""
    try:
        text = _to_json(value)
    except (TypeError, ValueError, RecursionError):
        text = _to_json(normalise(value))
    print_text(text)


def complain(text: str) -> None:
    """Print a message for a person."""
    sys.stderr.write(printable(text, sys.stderr.encoding) + "\n")
    sys.stderr.flush()


def printable(text: str, encoding: str | None) -> str:
    """Replace what cannot be encoded; lone surrogates can be in no encoding."""
    name = encoding or "utf-8"
    return text.encode(name, "backslashreplace").decode(name)


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)


def is_interactive() -> bool:
    """Tell whether a person watches stderr."""
    return sys.stderr.isatty()
