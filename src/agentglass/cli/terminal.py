"""What the verbs print, and where: results on stdout, everything else on stderr."""

import json
import select
import sys
from io import TextIOWrapper
from typing import Any

import typer

from agentglass.errors import OptionError
from agentglass.redact import normalise

__all__ = [
    "accept_all_text",
    "complain",
    "confirm",
    "is_interactive",
    "is_read",
    "print_json",
    "print_text",
    "short",
    "visible",
]

_NAME_CHARS = 48
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}


def accept_all_text() -> None:
    """Escape what an output's encoding does not have; lone surrogates are in no encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_text(text: str) -> None:
    """Print a result."""
    sys.stdout.write(f"{text}\n")
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
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def confirm(question: str, option: str) -> None:
    """Ask before something is lost; goes on after a yes and exits with 1 after anything else.

    Args:
        question: What is about to happen.
        option: The one that answers yes.

    Raises:
        OptionError: Nobody is there to answer.
    """
    if not sys.stdin.isatty():
        raise OptionError(f"{question} Nobody is there to answer: nothing was done. Add {option}.")
    typer.confirm(question, abort=True, err=True)


def visible(text: str) -> str:
    """Escape control characters: what a model said must not steer the terminal that shows it."""
    return text.translate(_CONTROLS)


def short(text: str) -> str:
    """Return a name for a table: what is too long would push out the other columns."""
    return visible(text if len(text) <= _NAME_CHARS else f"{text[: _NAME_CHARS - 1]}…")


def is_interactive() -> bool:
    """Tell whether a person watches stderr."""
    return sys.stderr.isatty()


def is_read() -> bool:
    """Tell whether somebody still reads stdout: the other end of a pipe may be gone."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
    except (AttributeError, OSError, ValueError):
        return True
    return not any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
