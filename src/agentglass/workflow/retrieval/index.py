"""An index of chunks in memory: SQLite's full-text search, ranked by bm25."""

import re
import sqlite3
import threading
import unicodedata
import weakref
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from itertools import pairwise
from typing import NamedTuple

from agentglass.workflow.retrieval.chunks import Chunk, Reading, Skipped, read_chunks
from agentglass.workflow.retrieval.files import SourceFile

__all__ = ["Hit", "Index", "open_index"]

_MAX_WORDS = 64
"""Words of a question that are looked for; a whole document may be given as one."""
_KEPT_INDEXES = 8
_KEPT_CHARS = 50_000_000

# Scripts that put no space between words: Thai to Khmer, kana, Han, Hangul and what extends them.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[\w\u0300-\u036f\u0900-\u0dff])+")
_LETTER = re.compile(rf"([{_UNSPACED}])")


class Hit(NamedTuple):
    """A chunk that was found."""

    chunk: Chunk
    score: float
    """Between 0 and 1, higher is better; comes from bm25, and compares hits of one search only."""


class Index:
    """Chunks that can be searched; safe to use from several threads."""

    def __init__(self, reading: Reading) -> None:
        self.skipped: tuple[Skipped, ...] = reading.skipped
        self.size_chars = reading.size_chars
        self._chunks = reading.chunks
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        weakref.finalize(self, self._db.close)
        self._db.execute(
            "CREATE VIRTUAL TABLE chunks USING fts5(body, content='', "
            "tokenize='unicode61 remove_diacritics 2')"
        )
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT INTO chunks (rowid, body) VALUES (?, ?)",
            ((number, _spaced(chunk.text)) for number, chunk in enumerate(self._chunks)),
        )
        self._db.execute("COMMIT")

    def search(self, query: str, top_k: int) -> list[Hit]:
        """Return the chunks that hold words of a question, the best first.

        Args:
            query: Text; nothing in it has a special meaning.
            top_k: How many at most.
        """
        expression = _expression(query)
        if not expression:
            return []
        with self._lock:
            rows = self._db.execute(
                "SELECT rowid, rank FROM chunks WHERE chunks MATCH ? ORDER BY rank, rowid LIMIT ?",
                (expression, top_k),
            ).fetchall()
        return [Hit(self._chunks[number], _score(rank)) for number, rank in rows]


def open_index(files: tuple[SourceFile, ...], chunk_chars: int) -> Index:
    """Return an index of files; one that was made in this process is used again.

    Args:
        files: As they are now: a file that has changed is read again.
        chunk_chars: The most that a chunk holds.
    """
    return _cache.get((files, chunk_chars), lambda: Index(read_chunks(files, chunk_chars)))


class _Cache:
    """The indexes that were used last, as many as memory should hold."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._indexes: OrderedDict[object, Future[Index]] = OrderedDict()

    def get(self, key: object, make: Callable[[], Index]) -> Index:
        """Return the index of a key; who asks while it is made waits for it."""
        with self._lock:
            known = self._indexes.get(key)
            future = known or Future()
            self._indexes[key] = future
            self._indexes.move_to_end(key)
        if known is None:
            try:
                future.set_result(make())
            except BaseException as error:
                with self._lock:
                    del self._indexes[key]
                future.set_exception(error)
                raise
            self._evict()
        return future.result()

    def _evict(self) -> None:
        with self._lock:
            made = {key: item.result() for key, item in self._indexes.items() if item.done()}
            size_chars = sum(index.size_chars for index in made.values())
            for key, index in list(made.items())[:-1]:
                if len(made) <= _KEPT_INDEXES and size_chars <= _KEPT_CHARS:
                    return
                size_chars -= index.size_chars
                del self._indexes[key], made[key]


_cache = _Cache()


def _spaced(text: str) -> str:
    """Make every letter of a script without spaces a word of its own."""
    return _LETTER.sub(r" \1 ", unicodedata.normalize("NFC", text))


def _expression(query: str) -> str:
    """Return what FTS5 looks for: any of the words, each in quotes.

    Of scripts without spaces, any two letters that stand together.
    """
    terms: dict[str, None] = {}
    for match in _WORD.finditer(unicodedata.normalize("NFC", query)):
        word = match[0]
        if not _LETTER.match(word):
            terms[word.lower()] = None
        elif len(word) == 1:
            terms[word] = None
        else:
            terms.update((" ".join(pair), None) for pair in pairwise(word))
        if len(terms) >= _MAX_WORDS:
            break
    words = [term for term in terms if any(letter.isalnum() for letter in term)]
    return " OR ".join(f'"{word}"' for word in words[:_MAX_WORDS])


def _score(rank: float) -> float:
    """Turn a rank of SQLite, which is negative and lower where better, to a share."""
    return -rank / (1 - rank)
