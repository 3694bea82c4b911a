"""A digest in the shape of a JSON Schema, as far as a text can be measured or quoted."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from agentglass.models.extract import Digest
from agentglass.models.tokens import count_tokens

__all__ = ["UnfillableError", "fill_schema"]

_COUNTS: tuple[tuple[re.Pattern[str], Callable[[Digest], int]], ...] = (
    (re.compile("word"), lambda digest: len(re.findall(r"\w+", digest.text))),
    (re.compile("sentence"), lambda digest: len(digest.prose.sentences)),
    (re.compile("char|length"), lambda digest: len(digest.text)),
    (re.compile("token"), lambda digest: count_tokens(digest.text)),
    (re.compile("line"), lambda digest: len(digest.text.splitlines())),
    (re.compile("paragraph"), lambda digest: digest.prose.paragraphs),
    (re.compile("heading|section"), lambda digest: len(digest.prose.headings)),
)
"""A number is given only for a field whose name says what is counted."""

_KEYWORDS = re.compile("keyword|tag|topic|term|entit|theme")
_HEADINGS = re.compile("heading|section|outline")
_TITLE = re.compile("title|headline|heading")
_LIST_LENGTH = 8


class UnfillableError(ValueError):
    """A field asks for a judgement, which a summariser cannot give."""

    def __init__(self, field: str, schema: Mapping[str, Any]) -> None:
        self.field = field
        wanted = "one of an enum" if "enum" in schema else repr(schema.get("type", "any type"))
        super().__init__(
            f"The built-in model only quotes and counts; it cannot decide the field {field!r} "
            f"({wanted}). It fills strings, lists of strings, and numbers whose name says what to "
            "count: words, sentences, chars, tokens, lines, paragraphs, headings."
        )


def fill_schema(schema: Mapping[str, Any], digest: Digest, summary: str) -> Any:
    """Return a JSON value that fits the schema.

    Strings hold the summary (a `title` the first heading), lists of strings the key sentences
    (`keywords`, `tags`, `topics` the words that weigh most), numbers what their name counts.
    A field that cannot be filled is left out where the schema allows it.

    Raises:
        UnfillableError: A required field asks for more.
    """
    return _Filler(schema, digest, summary).value("answer", schema)


class _Filler:
    def __init__(self, root: Mapping[str, Any], digest: Digest, summary: str) -> None:
        self._definitions = {**root.get("definitions", {}), **root.get("$defs", {})}
        self._digest = digest
        self._summary = summary
        self._open: list[str] = []

    def value(self, name: str, schema: Mapping[str, Any]) -> Any:
        if "$ref" in schema:
            return self._referred(name, str(schema["$ref"]))
        for choice in schema.get("anyOf", ()):
            if choice.get("type") != "null":
                return self.value(name, choice)
        if "const" in schema:
            return schema["const"]
        fill = self._by_type.get(_type_of(schema))
        if fill is None or "enum" in schema:
            raise UnfillableError(name, schema)
        return fill(self, name, schema)

    def _referred(self, name: str, reference: str) -> Any:
        target = self._definitions.get(reference.rpartition("/")[2])
        if target is None or reference in self._open:
            raise UnfillableError(name, {"type": reference})
        self._open.append(reference)
        try:
            return self.value(name, target)
        finally:
            self._open.pop()

    def _object(self, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        filled: dict[str, Any] = {}
        for key, part in schema.get("properties", {}).items():
            try:
                filled[key] = self.value(key, part)
            except UnfillableError:
                if key in schema.get("required", ()):
                    raise
        return filled

    def _array(self, name: str, schema: Mapping[str, Any]) -> list[str]:
        if _type_of(schema.get("items", {"type": "string"})) != "string":
            raise UnfillableError(name, schema)
        length = min(int(schema.get("maxItems", _LIST_LENGTH)), 100)
        if _KEYWORDS.search(name.lower()):
            return self._digest.keywords(length)
        if _HEADINGS.search(name.lower()):
            return list(self._digest.prose.headings[:length])
        return self._digest.pick(length)

    def _string(self, name: str, schema: Mapping[str, Any]) -> str:
        text = self._digest.title if _TITLE.search(name.lower()) else self._summary
        return text[: schema.get("maxLength")]

    def _number(self, name: str, schema: Mapping[str, Any]) -> int:
        for pattern, count in _COUNTS:
            if pattern.search(name.lower()):
                return count(self._digest)
        raise UnfillableError(name, schema)

    _by_type: Mapping[str, Callable[["_Filler", str, Mapping[str, Any]], Any]] = {
        "object": _object,
        "array": _array,
        "string": _string,
        "integer": _number,
        "number": _number,
    }


def _type_of(schema: Mapping[str, Any]) -> str:
    declared = schema.get("type", "object" if "properties" in schema else "")
    if isinstance(declared, list):
        return next((str(item) for item in declared if item != "null"), "null")
    return str(declared)
