"""The words of a filter, each with its place in the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from agentglass.errors import OptionError

__all__ = ["WhereError", "Word", "split"]

WordKind = Literal["text", "number", "date", "name", "operator", "bracket", "end"]

_MAX_CHARACTERS = 10_000
_QUOTED = r"""'(?:[^']|'')*'|"(?:[^"]|"")*\""""
_WORD = re.compile(
    rf"""
    (?P<space>\s+)
    | (?P<text>{_QUOTED})
    | (?P<date>\d{{4}}-\d\d-\d\d(?:T[\d:.+Z-]*)?)
    | (?P<number>-?\d{{1,18}}(?:\.\d{{1,18}})?(?:[eE][+-]?\d{{1,2}})?[A-Za-z]*)
    | (?P<name>tag\.(?:{_QUOTED})|[A-Za-z_][\w./:@-]*)
    | (?P<operator>!=|>=|<=|[=<>~])
    | (?P<bracket>[()])
    """,
    re.VERBOSE,
)


class WhereError(OptionError):
    """A filter cannot be understood; says at which character."""

    def __init__(self, text: str, position: int, message: str) -> None:
        self.text = text
        self.position = position
        """Counted from 1."""
        super().__init__(f"Filter, character {position}: {message}")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a filter."""

    kind: WordKind
    raw: str
    position: int
    """Counted from 1."""

    @property
    def text(self) -> str:
        """What the word says, its quotes taken off."""
        return unquote(self.raw) if self.kind == "text" else self.raw

    def __str__(self) -> str:
        return repr(self.raw) if self.raw else "the end"


def split(text: str) -> list[Word]:
    """Return the words of a filter, and an `end` behind them.

    Raises:
        WhereError: A character has no place in a filter, or the filter is too long.
    """
    if len(text) > _MAX_CHARACTERS:
        raise WhereError(text, _MAX_CHARACTERS, f"it has more than {_MAX_CHARACTERS:,} characters.")
    return [*_words(text), Word("end", "", len(text) + 1)]


def unquote(quoted: str) -> str:
    """Take off the quotes; a quote that is doubled inside stands for itself."""
    mark = quoted[0]
    return quoted[1:-1].replace(mark * 2, mark)


def _words(text: str) -> Iterator[Word]:
    at = 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            unclosed = "this quote is not closed." if text[at] in "'\"" else ""
            raise WhereError(text, at + 1, unclosed or f"{text[at]!r} has no place in a filter.")
        if match.lastgroup != "space":
            yield Word(match.lastgroup, match[0], at + 1)  # type: ignore[arg-type]
        at = match.end()
