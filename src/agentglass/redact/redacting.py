"""The walk of the writer: plain data, redacted and bounded at once, with an account of both."""

import json
import re
from collections import Counter
from enum import Enum
from typing import Any

from agentglass.redact.keys import Secrecy
from agentglass.redact.limits import MARKER, SLACK, Limits, shorten, text_digest, text_size
from agentglass.redact.texts import TextRules, clean_surrogates
from agentglass.redact.walk import Path, Walk

__all__ = ["RedactingWalk", "path_text"]

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_NAME = re.compile(r"[\w .-]{1,64}")

_SCHEMA_WORDS = frozenset(
    {
        "type",
        "title",
        "description",
        "format",
        "required",
        "properties",
        "items",
        "additionalProperties",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "pattern",
        "anyOf",
        "oneOf",
        "allOf",
        "$ref",
    }
)
"""A tool's parameter that is called `password` is described, not given: no default, no example."""


class RedactingWalk(Walk):
    """Redacts and bounds the values of one span."""

    def __init__(self, rules: TextRules, limits: Limits) -> None:
        super().__init__(limits)
        self.rules = rules
        self.fired: Counter[str] = Counter()
        """How often each rule found something."""
        self.truncated: dict[str, dict[str, Any]] = {}
        """Path of what was cut -> its original length, what is left, the hash of a text."""

    def _text(self, text: str, path: Path, secrecy: Secrecy) -> Any:
        if secrecy:
            return self._hide(text)
        left = max(self.left, 0)
        if len(text) > left + SLACK:
            head, digest = text[: left + SLACK], text_digest(text)
            return self._carried(head, len(text), digest, path, secrecy)
        clean = self.rules(clean_surrogates(text), self.fired)
        size = text_size(clean)
        if size > left:
            return self._cut(clean, path, len(text), text_digest(text), past_edge=False)
        self.left = left - size - 2
        return clean

    def _carried(self, text: str, length: int, digest: str, path: Path, secrecy: Secrecy) -> Any:
        if secrecy:
            return self._hide(text)
        clean = self.rules(clean_surrogates(text), self.fired)
        return self._cut(clean, path, length, digest, past_edge=len(text) < length)

    def _cut(self, clean: str, path: Path, length: int, digest: str, *, past_edge: bool) -> str:
        word = self.rules.replacement
        share = self.share()
        kept = shorten(clean, share, replacement=word, past_edge=past_edge)
        # As much as the record of it needs, so that a second pass finds the same room.
        self.left -= share if share == self.left else text_size(kept + MARKER) + 2
        self.report(path, length, len(kept), sha256=digest)
        return kept + MARKER

    def _hide(self, text: str) -> str:
        if text in ("", self.rules.replacement, MARKER):
            self.left -= len(text) + 2
            return text
        return self._hidden()

    def _hidden(self) -> str:
        word = self.rules.replacement
        self.fired["key_name"] += 1
        self.left -= text_size(word) + 2
        return word

    def _number(self, number: int | float, path: Path, secrecy: Secrecy) -> Any:
        if secrecy is Secrecy.ALL:
            return self._hidden()
        if self.rules.has_pii and type(number) is int and 10**12 <= number < 10**19:
            digits = str(number)
            redacted = self._text(digits, path, secrecy)
            return number if redacted == digits else redacted
        return super()._number(number, path, secrecy)

    def key(self, key: str) -> tuple[str, Secrecy]:
        """Return the redacted name of a key, and what it says about its value."""
        name, secrecy, fired = self.rules.key(key)
        if fired:
            self.fired.update(fired)
        return name, secrecy

    def _named(self, value: dict[Any, Any]) -> Secrecy:
        """Judge `{"name": "Authorization", "value": ...}` by the name; a sentence is no name."""
        name = value.get("name", value.get("key"))
        name = name.value if isinstance(name, Enum) else name
        is_name = isinstance(name, str) and _NAME.fullmatch(name) is not None
        return self.rules.key(str.__str__(name)).secrecy if is_name else Secrecy.OPEN

    def _container(self, value: Any, path: Path, depth: int, secrecy: Secrecy) -> Any:
        if secrecy and type(value) is dict and _is_schema(value):
            secrecy = Secrecy.OPEN
        return super()._container(value, path, depth, secrecy)

    def _end_dict(self, result: dict[str, Any], path: Path, original_length: int) -> None:
        result.pop(MARKER, None)  # an entry that was called so: the marker comes last
        self.report(path, original_length, len(result))
        result[MARKER] = True

    def _end_list(self, result: list[Any], path: Path, original_length: int) -> None:
        self.report(path, original_length, len(result))
        result.append(MARKER)

    def report(self, path: Path, original_length: int, kept: int, **more: str) -> None:
        """Note what was cut: characters of a text, items of a container."""
        self.truncated[path_text(path)] = {
            "original_length": original_length,
            "kept": kept,
            **more,
        }


def _is_schema(value: dict[Any, Any]) -> bool:
    return "type" in value and _SCHEMA_WORDS.issuperset(value)


def path_text(path: Path) -> str:
    """Return a path as it is written, as in `input.messages[0]["a b"]`."""
    steps: list[str] = []
    while isinstance(path, tuple):
        path, step = path
        if isinstance(step, int):
            steps.append(f"[{step}]")
        elif _IDENTIFIER.fullmatch(step):
            steps.append(f".{step}")
        else:
            steps.append(f"[{json.dumps(step, ensure_ascii=False)}]")
    return path + "".join(reversed(steps))
