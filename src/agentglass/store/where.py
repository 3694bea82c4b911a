"""The language of `--where`, compiled to SQL.

    cost > 0.01 and (node = 'fetch' or tag.team ~ research) and not status = ok

Nothing of the text becomes SQL: a field is looked up in a table, a value is bound.
"""

from typing import Any, NoReturn

from agentglass.errors import did_you_mean
from agentglass.store.where_fields import FIELDS, KINDS, TAG, Field, Kind, UnknownWordError
from agentglass.store.where_words import WhereError, Word, split, unquote

__all__ = ["WhereError", "check_where", "compile_where"]

_MAX_COMPARISONS = 100
_MAX_DEPTH = 30
"""Brackets and `not` inside each other; SQLite has a limit for both of these too."""
_KEYWORDS = ("and", "or", "not")
_TAG_PREFIX = "tag."


def compile_where(text: str, now_ns: int) -> tuple[str, list[Any]]:
    """Return a condition over `traces` and its values.

    Args:
        text: The filter.
        now_ns: From when ages count back.

    Raises:
        WhereError: The filter cannot be understood.
    """
    parser = _Parser(text.encode("utf-8", "replace").decode("utf-8"), now_ns)
    return parser.parse(), parser.values


def check_where(text: str) -> None:
    """Understand a filter without asking a store.

    Raises:
        WhereError: The filter cannot be understood.
    """
    compile_where(text, 0)


class _Parser:
    """Recursive descent; each method reads what its name says and returns it as SQL.

    Every condition is 0 or 1, never NULL: a comparison with something unknown does not hold, and
    `not` and `!=` are the exact opposites.
    """

    def __init__(self, text: str, now_ns: int) -> None:
        self._text = text
        self._now_ns = now_ns
        self._words = split(text)
        self._at = 0
        self._comparisons = 0
        self.values: list[Any] = []

    def parse(self) -> str:
        sql = self._any_of(0)
        if self._word.kind != "end":
            self._fail(f"expected `and`, `or` or the end, found {self._word}.")
        return sql

    @property
    def _word(self) -> Word:
        return self._words[self._at]

    def _next(self) -> Word:
        word = self._word
        self._at += 1
        return word

    def _takes(self, keyword: str) -> bool:
        is_there = self._word.kind in ("name", "bracket") and self._word.raw.lower() == keyword
        self._at += is_there
        return is_there

    def _fail(self, message: str, word: Word | None = None) -> NoReturn:
        raise WhereError(self._text, (word or self._word).position, message)

    def _any_of(self, depth: int) -> str:
        parts = [self._all_of(depth)]
        while self._takes("or"):
            parts.append(self._all_of(depth))
        return f"({' OR '.join(parts)})"

    def _all_of(self, depth: int) -> str:
        parts = [self._one(depth)]
        while self._takes("and"):
            parts.append(self._one(depth))
        return " AND ".join(parts)

    def _one(self, depth: int) -> str:
        if depth > _MAX_DEPTH:
            self._fail(f"more than {_MAX_DEPTH} levels of brackets and `not`.")
        if self._takes("not"):
            return f"NOT {self._one(depth + 1)}"
        if self._takes("("):
            sql = self._any_of(depth + 1)
            if not self._takes(")"):
                self._fail(f"expected `)`, found {self._word}.")
            return sql
        return self._comparison()

    def _comparison(self) -> str:
        self._comparisons += 1
        if self._comparisons > _MAX_COMPARISONS:
            self._fail(f"more than {_MAX_COMPARISONS} comparisons.")
        name = self._word
        field, bound = self._field()
        kind = KINDS[field.kind]
        operator = self._operator(name, kind)
        value = self._value(name, kind)
        columns = (field.at_least,) if field.at_least and operator in (">", ">=") else field.columns
        tests = [_test(column, operator) for column in columns]
        self.values += [*bound, value] * len(tests)
        sql = f"coalesce({' OR '.join(tests)}, 0)"
        if field.of_spans:
            sql = f"EXISTS (SELECT 1 FROM spans WHERE spans.trace_id = traces.trace_id AND {sql})"
        return f"NOT {sql}" if operator == "!=" else sql

    def _field(self) -> tuple[Field, list[str]]:
        """Read a field; returns it and what must be bound before its value."""
        word = self._next()
        if word.kind != "name" or word.raw.lower() in _KEYWORDS:
            self._fail(f"expected a field, found {word}. {_known_fields()}", word)
        if word.raw.startswith(_TAG_PREFIX):
            tag = word.raw.removeprefix(_TAG_PREFIX)
            return TAG, [unquote(tag) if tag[:1] in ("'", '"') else tag]
        if word.raw not in FIELDS:
            hint = did_you_mean(word.raw, [*FIELDS, "tag.NAME"])
            self._fail(f"unknown field {word}.{hint} {_known_fields()}", word)
        return FIELDS[word.raw], []

    def _operator(self, name: Word, kind: Kind) -> str:
        word = self._next()
        if word.raw not in kind.operators or word.kind != "operator":
            known = " ".join(kind.operators)
            self._fail(f"expected one of {known} after {name}, found {word}.", word)
        return word.raw

    def _value(self, name: Word, kind: Kind) -> Any:
        word = self._next()
        if word.kind not in ("text", "number", "date", "name"):
            self._fail(f"expected {kind.expected}, found {word}.", word)
        try:
            return kind.read(word, self._now_ns)
        except UnknownWordError as error:
            self._fail(f"{name} needs {kind.expected}, not {word}.{error.hint}", word)
        except (ValueError, OverflowError):
            self._fail(f"{name} needs {kind.expected}, not {word}.", word)


def _test(column: str, operator: str) -> str:
    if operator == "~":
        return f"instr(lower({column}), lower(?)) > 0"
    return f"{column} {'=' if operator == '!=' else operator} ?"


def _known_fields() -> str:
    return f"Fields: {', '.join(FIELDS)}, tag.NAME."
