"""Search over the words of spans: names, inputs, outputs, errors."""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agentglass.errors import OptionError
from agentglass.spans import Status
from agentglass.store.bodies import SELECT_SPANS
from agentglass.store.fulltext import behind, months, plain, spread

__all__ = ["Hit", "SearchResult", "add_results", "match_expression", "search"]

_MAX_TERMS = 32
_AROUND = 60
"""Characters of a snippet on each side of what was found."""
_TERM = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Hit:
    """A span in which the words were found."""

    trace_id: str
    run_id: str
    workflow: str
    span_id: str
    name: str
    type: str
    status: Status
    start_ns: int
    field: str
    """Where: `name`, `input`, `output` or `error`."""
    snippet: str
    """What stands around the first word, on one line."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, and how much it could not look at."""

    hits: list[Hit]
    """The latest first."""
    not_indexed: int
    """Spans that have ended and are not in the index yet."""


def search(db: sqlite3.Connection, text: str, limit: int, since_ns: int | None) -> SearchResult:
    """Find spans.

    Args:
        db: To the store.
        text: Words that must all be there; `"a phrase"`, `begin*` and `-not` mean what they do
            elsewhere.
        limit: How many at most.
        since_ns: Only spans that started at or after.

    Raises:
        OptionError: There is no word to look for.
    """
    wanted, expression = match_expression(text)
    with _moment(db):
        hits = _find(db, wanted, expression, limit, since_ns or 0)
        return SearchResult(hits, behind(db))


def _find(
    db: sqlite3.Connection, wanted: list[str], expression: str, limit: int, since_ns: int
) -> list[Hit]:
    hits: list[Hit] = []
    for table in months(db):
        rows = db.execute(
            f"SELECT found.rowid AS seq FROM {table} AS found JOIN spans ON spans.seq = found.rowid"
            f" WHERE {table} MATCH ? AND spans.start_ns >= ? ORDER BY found.rowid DESC LIMIT ?",
            (expression, since_ns, limit - len(hits)),
        ).fetchall()
        hits += [_hit(db, row["seq"], wanted) for row in rows]
        if len(hits) >= limit:
            break
    return hits


@contextmanager
def _moment(db: sqlite3.Connection) -> Iterator[None]:
    """Look at the store as it is now, whatever others delete meanwhile."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


def add_results(results: Iterable[SearchResult], limit: int) -> SearchResult:
    """Put together what several stores found."""
    parts = list(results)
    hits = sorted((hit for part in parts for hit in part.hits), key=lambda hit: -hit.start_ns)
    return SearchResult(hits[:limit], sum(part.not_indexed for part in parts))


def match_expression(text: str) -> tuple[list[str], str]:
    """Return the words to look for, and the same for FTS5, in which no text is syntax."""
    wanted: list[str] = []
    excluded: list[str] = []
    quoted: list[str] = []
    for minus, phrase, word in _TERM.findall(_clean(text)):
        term = (phrase or word).rstrip("*") if word else phrase
        if not any(character.isalnum() for character in term):
            continue
        expression = (
            '"'
            + (spread(term) or "").replace('"', '""')
            + '"'
            + ("*" if word.endswith("*") else "")
        )
        if minus:
            excluded.append(expression)
        else:
            wanted.append(term)
            quoted.append(expression)
    if not wanted:
        raise OptionError(f"There is no word to look for in {text!r}. Expected letters or digits.")
    if len(wanted) + len(excluded) > _MAX_TERMS:
        raise OptionError(f"A search takes at most {_MAX_TERMS} words.")
    without = f" NOT ({' OR '.join(excluded)})" if excluded else ""
    return wanted, f"({' AND '.join(quoted)}){without}"


def _clean(text: str) -> str:
    return _CONTROLS.sub(" ", text.encode("utf-8", "replace").decode("utf-8"))


def _hit(db: sqlite3.Connection, seq: int, wanted: list[str]) -> Hit:
    row = db.execute(f"{SELECT_SPANS} WHERE seq = ?", (seq,)).fetchone()
    run = db.execute(
        "SELECT run_id, workflow FROM traces WHERE trace_id = ?", (row["trace_id"],)
    ).fetchone()
    field, snippet = _snippet(row, wanted)
    return Hit(
        row["trace_id"],
        run["run_id"],
        run["workflow"],
        row["span_id"],
        row["name"],
        row["type"],
        Status(row["status"]),
        row["start_ns"],
        field,
        snippet,
    )


def _snippet(row: sqlite3.Row, wanted: list[str]) -> tuple[str, str]:
    """Return the field in which most words are seen, and what is around the longest of them.

    The index folds accents and sees words through punctuation, so it may find what a plain look
    does not; then the name has to do.
    """
    field, text, seen = "name", row["name"], list[str]()
    for other in ("error", "output", "input"):
        content = row["error_message"] if other == "error" else plain(row[other])
        lowered = (content or "").lower()
        present = [term for term in wanted if term.lower() in lowered]
        if len(present) > len(seen):
            field, text, seen = other, content, present
    word = max(seen, key=len, default="")
    at = text.lower().find(word.lower())
    start, end = max(0, at - _AROUND), at + len(word) + _AROUND
    cut = " ".join(text[start:end].split())
    return field, f"{'…' if start else ''}{cut}{'…' if end < len(text) else ''}"
