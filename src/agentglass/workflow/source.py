"""Reads a workflow file: plain values, and the line and column of each of them.

The reader works on the events of the parser, so that every rule has a place to point to: a key that
is there twice, an alias bomb, a word that YAML 1.1 takes for something else than it looks like. What
is wrong with a single value is noted and reading goes on, so that all problems are seen at once.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from agentglass.errors import Problem, WorkflowFileError
from agentglass.workflow.scalars import read_scalar

__all__ = ["MAX_BYTES", "Position", "Source", "ValuePath", "path_text", "read_source", "read_text"]

MAX_BYTES = 4 * 1024 * 1024
"""A workflow file is written by people; anything larger is some other file."""

_MAX_VALUES = 100_000
_MAX_DEPTH = 60
_STR_TAGS = (None, "!", "tag:yaml.org,2002:str")
_SURROGATE_PAIR = re.compile(
    r"(?<!\\)(?P<before>(?:\\\\)*)"
    r"\\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
)

ValuePath = tuple[str | int, ...]
"""Keys and indexes from the top of the document."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file, counted from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Source:
    """What stands in a workflow file, and where."""

    file: str
    """As it is shown in messages."""
    values: dict[str, Any]
    keys_at: dict[ValuePath, Position] = field(default_factory=dict)
    values_at: dict[ValuePath, Position] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    """What is wrong with single values; the rest of the file could be read."""

    def problem(self, path: ValuePath, code: str, message: str, *, at_key: bool = False) -> Problem:
        """Make a problem of the value at a path, or of its key.

        What has no place of its own, such as a missing key, is shown at the nearest thing above.
        """
        position = Position(1, 1) if self.values_at else Position(0, 0)
        places = (self.keys_at, self.values_at) if at_key else (self.values_at,)
        for end in range(len(path), -1, -1):
            found = next((place[path[:end]] for place in places if path[:end] in place), None)
            if found is not None:
                position = found
                break
        return Problem(
            message=message,
            file=self.file,
            line=position.line,
            column=position.column,
            path=path_text(path),
            code=code,
        )


def path_text(path: ValuePath) -> str:
    """Write a path as people do: `nodes[2].prompt`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def read_source(path: str | Path) -> Source:
    """Read a workflow file.

    Raises:
        WorkflowFileError: The file cannot be read, or is not one YAML or JSON mapping.
    """
    file = str(path)
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _refusal(file, "missing-file", "There is no such file.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refusal(file, "unreadable", f"{file!r} cannot be read: {reason}.") from error
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        raise _refusal(file, "too-large", f"{file!r} is larger than {limit} MiB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise _refusal(
            file,
            "encoding",
            f"The byte 0x{data[error.start]:02x} is not UTF-8. Save the file as UTF-8.",
            Position(before.count(b"\n") + 1, column),
        ) from None
    return read_text(text, file)


def read_text(text: str, file: str) -> Source:
    """Read the text of a workflow file.

    Args:
        text: YAML or JSON.
        file: Its name, for messages.

    Raises:
        WorkflowFileError: The text is not one YAML or JSON mapping.
    """
    if file.endswith(".json"):
        text = _SURROGATE_PAIR.sub(_join_surrogates, text)
    source = Source(file, {})
    with _yaml_problems(file, text):
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        try:
            value = _Reader(loader, source).document()
        finally:
            loader.dispose()
    if not isinstance(value, dict):
        raise _refusal(
            file,
            "not-a-mapping",
            "A workflow file is a mapping with the keys schema_version, flow, state, nodes, edges "
            f"and config; this one holds {'nothing' if value is None else repr(value)[:60]}.",
        )
    source.values = value
    return source


class _Reader:
    """Builds values from the events of one document."""

    def __init__(self, loader: Any, source: Source) -> None:
        self._loader = loader
        self._source = source
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0

    def document(self) -> Any:
        self._loader.get_event()
        if self._loader.check_event(yaml.StreamEndEvent):
            return None
        self._loader.get_event()
        value = self._value(self._loader.get_event(), ())
        self._loader.get_event()
        if not self._loader.check_event(yaml.StreamEndEvent):
            event = self._loader.peek_event()
            raise self._refuse(event, "documents", "A workflow file holds one document, not two.")
        return value

    def _value(self, event: Any, path: ValuePath) -> Any:
        self._source.values_at[path] = _position(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._count
        self._add(event, 1)
        if event.tag not in _STR_TAGS:
            message = f"The tag {event.tag!r} is not supported; write plain values."
            self._note(event, "tag", message)
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif len(path) >= _MAX_DEPTH:
            message = f"Values are nested more than {_MAX_DEPTH} deep."
            raise self._refuse(event, "nesting", message)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(path)
        else:
            value = self._mapping(event, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._count - before)
        return value

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            message = f"The alias '*{event.anchor}' does not name an anchor that ended above it."
            raise self._refuse(event, "alias", message)
        value, size = self._anchors[event.anchor]
        self._add(event, size)
        return value

    def _add(self, event: Any, count: int) -> None:
        self._count += count
        if self._count > _MAX_VALUES:
            message = (
                f"The file holds more than {_MAX_VALUES} values once its aliases are followed."
            )
            raise self._refuse(event, "too-many-values", message)

    def _sequence(self, path: ValuePath) -> list[Any]:
        items: list[Any] = []
        while not self._loader.check_event(yaml.SequenceEndEvent):
            items.append(self._value(self._loader.get_event(), (*path, len(items))))
        self._loader.get_event()
        return items

    def _mapping(self, start: Any, path: ValuePath) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not self._loader.check_event(yaml.MappingEndEvent):
            event = self._loader.get_event()
            key = self._key(event)
            at = (*path, key)
            if key in mapping:
                line = self._source.keys_at[at].line
                message = f"The key {key!r} is here twice; the first one is in line {line}."
                self._note(event, "duplicate-key", message)
            self._source.keys_at[at] = _position(event.start_mark)
            value_event = self._loader.get_event()
            mapping[key] = self._value(value_event, at)
            if start.flow_style and _is_nothing(value_event):
                message = f'Braces make a mapping here. For a template, quote it: "{{{key}}}".'
                self._note(start, "unquoted-template", message)
        self._loader.get_event()
        return mapping

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refuse(event, "key", "A key must be a text.")
        if event.value == "<<" and event.implicit[0]:
            message = "Merge keys ('<<') are not supported; write the keys out."
            raise self._refuse(event, "merge-key", message)
        key = self._scalar(event)
        if not isinstance(key, str):
            message = f'A key must be a text; put it in quotes: "{event.value}".'
            self._note(event, "key", message)
        return str(event.value)

    def _scalar(self, event: Any) -> Any:
        plain = event.implicit[0] and event.tag not in _STR_TAGS[1:]
        scalar = read_scalar(event.value, plain=plain)
        if scalar.code:
            self._note(event, scalar.code, scalar.message)
        return scalar.value

    def _note(self, event: Any, code: str, message: str) -> None:
        self._source.problems.extend(self._refuse(event, code, message).problems)

    def _refuse(self, event: Any, code: str, message: str) -> WorkflowFileError:
        return _refusal(self._source.file, code, message, _position(event.start_mark))


def _is_nothing(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == "" and event.implicit[0]


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)


def _refusal(
    file: str, code: str, message: str, position: Position = Position(0, 0)
) -> WorkflowFileError:
    problem = Problem(
        message=message, file=file, line=position.line, column=position.column, code=code
    )
    return WorkflowFileError([problem])


@contextmanager
def _yaml_problems(file: str, text: str) -> Iterator[None]:
    try:
        yield
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = _position(mark) if mark else Position(1, 1)
        message = f"This is not valid YAML: {error.problem or error.context}."
        if _character_at(text, position) == "\t":
            message = "Tabs cannot indent YAML; use spaces."
        raise _refusal(file, "syntax", message, position) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - (text.rfind("\n", 0, error.position) + 1) + 1
        character = error.character if isinstance(error.character, int) else ord(error.character)
        message = f"The character U+{character:04X} cannot stand in a workflow file."
        raise _refusal(file, "character", message, Position(line, column)) from None


def _character_at(text: str, position: Position) -> str:
    lines = text.split("\n", position.line)
    line = lines[position.line - 1] if position.line <= len(lines) else ""
    return line[position.column - 1 : position.column]


def _join_surrogates(match: re.Match[str]) -> str:
    high, low = int(match["high"], 16), int(match["low"], 16)
    return match["before"] + chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
