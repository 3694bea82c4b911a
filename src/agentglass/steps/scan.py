"""The JSON of a run, read piece by piece: no more of it is held than one value."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from agentglass.errors import TraceFormatError

__all__ = ["Part", "scan_run"]

_CHUNK_BYTES = 2**16
_BLANKS = " \t\n\r"
_LONGEST_BEGINNING = 4096
_BEGINNING = re.compile(
    r"\s*|t|tr|tru|f|fa|fal|fals|n|nu|nul|-?[INafinty]*|[.eE][+-]?|u[\da-fA-F]*"
)
"""What the decoder stumbles over where a value is cut off: nothing, or a word that goes on."""
_decode = json.JSONDecoder().raw_decode


class Part(NamedTuple):
    """A field of a run, or one of its steps."""

    field: str | None
    """Its name; None for a step."""
    value: Any
    text: str
    """The value as JSON."""


def scan_run(file: BinaryIO) -> Iterator[Part]:
    """Yield the parts of a run in the order of the file, whatever is in them.

    The file is one JSON object with a list of `steps`, or JSON Lines: the run, with `kind` run,
    and a line for each step. Steps are looked at one by one.

    Raises:
        TraceFormatError: It is not JSON, or breaks off; says at which step.
    """
    text = _Text(file)
    is_lines = has_steps = False
    for part in _scan_object(text):
        is_lines = is_lines or part[:2] == ("kind", "run")
        has_steps = has_steps or part.field in (None, "steps")
        yield part
    if is_lines and not has_steps:
        # An empty list says that there are steps, even if none follows.
        yield Part("steps", [], "[]")
        yield from _scan_lines(text)
    elif text.peek():
        raise TraceFormatError("There is something behind the end of the run.")


def _scan_object(text: "_Text") -> Iterator[Part]:
    text.take("{")
    if text.peek() == "}":
        text.take("}")
        return
    seen = False
    while True:
        text.place = "a name of the run"
        name, _ = text.value()
        if not isinstance(name, str):
            raise TraceFormatError(f"{name!r} is no name of a field: expected a text in quotes.")
        text.place = f"`{name}`"
        text.take(":")
        if name == "steps" and text.peek() == "[":
            if seen:
                raise TraceFormatError("`steps` is there twice.")
            seen = True
            yield Part("steps", [], "[]")
            yield from _scan_list(text)
        else:
            yield Part(name, *text.value())
        if text.take(",}") == "}":
            return


def _scan_list(text: "_Text") -> Iterator[Part]:
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    number = 0
    while True:
        number += 1
        text.place = f"step {number}"
        yield Part(None, *text.value())
        if text.take(",]") == "]":
            return


def _scan_lines(text: "_Text") -> Iterator[Part]:
    number = 0
    while text.peek():
        number += 1
        text.place = f"step {number}"
        step, found = text.value()
        if isinstance(step, dict) and step.get("kind") == "step":
            # The word belongs to the line; a step of an unknown type may have its own.
            del step["kind"]
            found = json.dumps(step)
        yield Part(None, step, found)


class _Text:
    """The text of a file as far as it was read and not taken yet."""

    def __init__(self, file: BinaryIO) -> None:
        self.place = "its beginning"
        """What is being read, for messages."""
        self._file = file
        self._offset = 0
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._held = ""
        self._at = 0
        self._is_over = False

    def peek(self) -> str:
        """Return the next character that is not blank; nothing at the end of the file."""
        while True:
            while self._at < len(self._held):
                found = self._held[self._at]
                if found not in _BLANKS:
                    return found
                self._at += 1
            if self._is_over:
                return ""
            self._read_more()

    def take(self, wanted: str) -> str:
        """Take one of these characters, and say which."""
        found = self.peek()
        if not found:
            raise self._cut_off()
        if found not in wanted:
            expected = " or ".join(map(repr, wanted))
            raise TraceFormatError(f"{self.place}: found {found!r} where {expected} is expected.")
        self._at += 1
        return found

    def value(self) -> tuple[Any, str]:
        """Take a value; return it, and its text."""
        if not self.peek():
            raise self._cut_off()
        while True:
            try:
                found, end = _decode(self._held, self._at)
            except json.JSONDecodeError as error:
                may_go_on = _is_at_end(error)
                if self._is_over and may_go_on:
                    raise self._cut_off() from error
                if not may_go_on:
                    raise TraceFormatError(
                        f"{self.place}: this is not JSON: {error.msg}."
                    ) from error
            except RecursionError as error:
                raise TraceFormatError(f"{self.place}: it is nested too deeply.") from error
            except ValueError as error:
                raise TraceFormatError(f"{self.place}: a number has too many digits.") from error
            else:
                # At the end of what is held a number may still go on.
                if end < len(self._held) or self._is_over:
                    text = self._held[self._at : end]
                    self._at = end
                    return found, text
            self._read_more()

    def _read_more(self) -> None:
        """Read as much again as is held, so that a long value is not looked at too often."""
        held = self._held[self._at :]
        self._file.seek(self._offset)
        raw = self._file.read(max(_CHUNK_BYTES, len(held)))
        self._offset += len(raw)
        self._is_over = not raw
        try:
            self._held = held + self._decoder.decode(raw, final=self._is_over)
        except UnicodeDecodeError as error:
            raise TraceFormatError(f"{self.place}: this is not UTF-8 text.") from error
        self._at = 0

    def _cut_off(self) -> TraceFormatError:
        return TraceFormatError(f"The file breaks off at {self.place}.")


def _is_at_end(error: json.JSONDecodeError) -> bool:
    """Tell whether a value may be all right as far as it was read."""
    left = error.doc[error.pos : error.pos + _LONGEST_BEGINNING]
    return error.msg.startswith("Unterminated string") or bool(_BEGINNING.fullmatch(left))
