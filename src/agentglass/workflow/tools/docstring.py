"""What a docstring says of a function and of its arguments."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

__all__ = ["argument_texts", "first_paragraph"]

_HEADING = re.compile(r"(?:Args|Arguments|Parameters):\s*")
_ARGUMENT = re.compile(r"\*{0,2}(?P<name>\w+)\s*(?:\([^)]*\))?\s*:\s*(?P<text>.*)")


def first_paragraph(function: Callable[..., Any]) -> str:
    """Return what a function does, on one line; empty where it does not say."""
    return " ".join(_docstring(function).partition("\n\n")[0].split())


def argument_texts(function: Callable[..., Any]) -> Mapping[str, str]:
    """Return the entries of the section `Args:` of a Google style docstring, by argument."""
    texts: dict[str, list[str]] = {}
    margin, name = None, ""
    for line in _argument_lines(_docstring(function)):
        indent = len(line) - len(line.lstrip())
        margin = indent if margin is None else margin
        entry = _ARGUMENT.fullmatch(line.strip()) if indent <= margin else None
        if entry is not None:
            name = entry["name"]
            texts[name] = [entry["text"]]
        elif name:
            texts[name].append(line)
    return {name: " ".join(" ".join(lines).split()) for name, lines in texts.items()}


def _argument_lines(text: str) -> Iterator[str]:
    """Yield the indented lines below the heading."""
    lines = iter(text.splitlines())
    if not any(_HEADING.fullmatch(line) for line in lines):
        return
    # `any` has stopped behind the heading.
    for line in lines:
        if line and not line[0].isspace():
            return
        if line.strip():
            yield line


def _docstring(function: Callable[..., Any]) -> str:
    while isinstance(function, partial):
        function = function.func
    return inspect.getdoc(function) or ""
