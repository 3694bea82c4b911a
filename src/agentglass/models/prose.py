"""Plain text or Markdown to sentences, in linear time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Prose", "Sentence", "read_prose"]

MAX_SENTENCE_CHARS = 600
"""Where a text has no full stops, sentences are cut at about this length."""

_MAX_MARKUP_CHARS = 1000
"""A longer line is never a heading, a rule or a badge."""

_FENCE = re.compile(r"`{3,}(?=[^`]*$)|~{3,}")
_HEADING = re.compile(r"#{1,6} (.*?)(?: #+)?")
_ITEM = re.compile(r"(?:[-*+•]|\d{1,3}[.)]) (?:\[[ xX]\] )?")
_QUOTE = re.compile(r"^(?:> ?)+")
_SKIP = re.compile(
    r"\|.*"  # a row of a table
    r"|[-=*_]{3,}"  # a rule, or the line under a heading
    r"|<!--.*|<[^>]+>"  # a comment or a tag on its own line
    r"|\[[^\]]+\]: .*"  # the target of a link
    r"|(?:\[?!\[[^\]]*\]\([^)]*\)(?:\]\([^)]*\))? ?)+"  # badges and images
)
_LINKS = re.compile(r"(?:\[[^\]]*\]\([^)]*\)[\s·|,•-]*)+")
"""A row of links and nothing else: a menu, not a sentence."""
_END = re.compile(
    r"(?<![.!?\u2026])[.!?\u2026]++[\"'\u201d\u2019)\]*_`]*+(?=\s)"
    r"|[\u3002\uff01\uff1f]++[\u300d\u300f\u201d\u2019\uff09]*"  # Chinese and Japanese: no space
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|e\.g|i\.e|etc|vs|cf|al|approx|fig|dr|mr|mrs|ms|prof|z\.B|d\.h|bzw)\.$",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as it stands in the text, its white space made single."""

    text: str
    place: int
    """Counted from 0 within its section."""


@dataclass(frozen=True, slots=True)
class Prose:
    """What of a text is meant to be read from left to right."""

    headings: tuple[str, ...]
    paragraphs: int
    sentences: tuple[Sentence, ...]


def read_prose(text: str) -> Prose:
    """Find headings and sentences.

    Code blocks, tables, rules, badges, rows of links and comments are left out; list markers are cut off; the
    words themselves, inline markup included, stay as they are. In a text with no prose at all the
    lines stand for sentences.
    """
    headings: list[str] = []
    sentences: list[Sentence] = []
    paragraphs = place = 0
    for is_heading, block in _blocks(text):
        if is_heading:
            headings.append(block)
            place = 0
            continue
        if len(block) <= _MAX_MARKUP_CHARS and _LINKS.fullmatch(block):
            continue
        paragraphs += 1
        for sentence in _split(block):
            sentences.append(Sentence(sentence, place))
            place += 1
    if not sentences:
        lines = (" ".join(line.split()) for line in text.splitlines())
        pieces = (piece for line in lines if not _FENCE.match(line) for piece in _cut(line))
        sentences = [Sentence(piece, place) for place, piece in enumerate(pieces)]
    return Prose(tuple(headings), paragraphs, tuple(sentences))


def _blocks(text: str) -> Iterator[tuple[bool, str]]:
    """Yield (is a heading, text), the lines of one paragraph or list item joined."""
    lines: list[str] = []
    for line in _lines_outside_code(text):
        is_short = len(line) <= _MAX_MARKUP_CHARS
        heading = _HEADING.fullmatch(line) if is_short else None
        is_markup = not line or (is_short and _SKIP.fullmatch(line) is not None)
        item = _ITEM.match(line)
        if lines and (heading or is_markup or item):
            yield False, " ".join(lines)
            lines = []
        if heading:
            yield True, heading[1]
        elif not is_markup:
            lines.append(line[item.end() :] if item else line)
    if lines:
        yield False, " ".join(lines)


def _lines_outside_code(text: str) -> Iterator[str]:
    """Yield lines, their white space made single; code becomes empty lines."""
    fence: str | None = None
    may_be_code = True
    for raw in text.splitlines():
        line = " ".join(raw.split())
        mark = _FENCE.match(line)
        if fence is not None:
            fence = None if mark is not None and mark[0].startswith(fence) else fence
            yield ""
            continue
        fence = mark[0] if mark is not None else None
        is_code = may_be_code and raw.startswith(("    ", "\t")) and not _ITEM.match(line)
        may_be_code = not line or is_code
        yield "" if fence or is_code else _QUOTE.sub("", line, count=1)


def _split(block: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(block):
        stop = end.start() + 1
        if _ABBREVIATION.search(block, max(start, stop - 12), stop) is None:
            yield from _cut(block[start : end.end()].strip())
            start = end.end()
    yield from _cut(block[start:].strip())


def _cut(sentence: str) -> Iterator[str]:
    start = 0
    while len(sentence) - start > MAX_SENTENCE_CHARS:
        space = sentence.rfind(" ", start + 1, start + MAX_SENTENCE_CHARS)
        end = space if space > 0 else start + MAX_SENTENCE_CHARS
        yield sentence[start:end].strip()
        start = end
    last = sentence[start:].strip()
    if _LETTER.search(last):
        yield last
