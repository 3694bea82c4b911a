"""Text files, cut into chunks at the borders of paragraphs, lines or words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from agentglass.workflow.retrieval.files import MAX_FILE_BYTES, SourceFile

__all__ = ["Chunk", "Reading", "Skipped", "read_chunks"]

_PROBE_BYTES = 8192
_OVERLAP = 8
"""What two chunks share is at most this part of their size."""
_BORDERS = ("\n\n", "\n", " ")
"""Where to cut, the best first."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a file."""

    id: str
    """The file and the number of the chunk in it, as in `docs/a.md#2`."""
    text: str
    source: str
    """The file."""
    line: int
    """Where it begins, counted from 1."""


class Skipped(NamedTuple):
    """A file that was left out."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read."""

    chunks: tuple[Chunk, ...]
    skipped: tuple[Skipped, ...]
    size_chars: int


def read_chunks(files: Iterable[SourceFile], chunk_chars: int) -> Reading:
    """Read files and cut them; those that are not text, too large or unreadable are left out.

    Args:
        files: What to read.
        chunk_chars: The most that a chunk holds.
    """
    chunks: list[Chunk] = []
    skipped: list[Skipped] = []
    for file in files:
        try:
            text = _read_text(file)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            skipped.append(Skipped(file.source, reason or str(error)))
        else:
            chunks += _cut(text, file.source, chunk_chars)
    size_chars = sum(len(chunk.text) for chunk in chunks)
    return Reading(tuple(chunks), tuple(skipped), size_chars)


def _read_text(file: SourceFile) -> str:
    with file.path.open("rb") as stream:
        data = stream.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ValueError(f"larger than {MAX_FILE_BYTES // 1_000_000} MB")
    if b"\0" in data[:_PROBE_BYTES]:
        raise ValueError("not a text file")
    text = data.decode("utf-8-sig", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip()


def _cut(text: str, source: str, chunk_chars: int) -> Iterator[Chunk]:
    line, counted, number = 1, 0, 0
    for start, end in _spans(text, chunk_chars):
        piece = text[start:end]
        body = piece.lstrip()
        if not body:
            continue
        start += len(piece) - len(body)
        line += text.count("\n", counted, start)
        counted = start
        number += 1
        yield Chunk(f"{source}#{number}", body.rstrip(), source, line)


def _spans(text: str, size: int) -> Iterator[tuple[int, int]]:
    start = 0
    while len(text) - start > size:
        end = _border(text, start + size // 2, start + size) or start + size
        yield start, end
        # A chunk is at least half as long as it may be, so that the overlap never stops progress.
        overlap = end - size // _OVERLAP
        start = _border(text, overlap, end - 1, is_first=True) or overlap
    yield start, len(text)


def _border(text: str, low: int, high: int, *, is_first: bool = False) -> int | None:
    """Return the place behind the best border between two places; None where there is none."""
    find = text.find if is_first else text.rfind
    for border in _BORDERS:
        place = find(border, low, high)
        if place >= 0:
            return place + len(border)
    return None
