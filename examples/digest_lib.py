"""What examples/digest.yaml calls: reads text files, and measures them."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SUFFIXES = (".md", ".txt")
"""What counts as a text file where a directory is named."""

WORDS_PER_MINUTE = 230
"""How fast people read (Brysbaert 2019: 238 for non-fiction)."""

COLUMNS = ("File", "Lines", "Words", "Bytes")


def read(paths: list[str]) -> dict[str, Any]:
    """Read text files, each for itself and all as one text; a directory stands for those in it.

    Raises:
        FileNotFoundError: There is no such file, or no text in a directory.
        ValueError: A file is not text.
    """
    files = list(dict.fromkeys(file for path in paths for file in _files(Path(path))))
    if not files:
        raise ValueError("There is nothing to read: `paths` is empty.")
    documents = [_read_file(file) for file in files]
    return {"documents": documents, "text": "\n\n".join(d["text"].strip() for d in documents)}


def measure(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of all documents together, in words too, and a table with each."""
    rows = [
        (
            document["path"],
            len(document["text"].splitlines()),
            len(document["text"].split()),
            len(document["text"].encode()),
        )
        for document in documents
    ]
    lines, words, size_bytes = (
        sum(column) for column in zip(*(row[1:] for row in rows), strict=True)
    )
    days = sorted(document["changed"] for document in documents)
    totals = {
        "files": len(rows),
        "lines": lines,
        "words": words,
        "size_bytes": size_bytes,
        "changed": days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}",
    }
    total = [("Total", lines, words, size_bytes)] if len(rows) > 1 else []
    return {"totals": totals, "overview": _overview(totals), "table": _table([*rows, *total])}


def _files(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise FileNotFoundError(f"There is no file {str(path)!r} in {str(Path.cwd())!r}.")
    if not path.is_dir():
        yield path
        return
    found = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())
    if not found:
        raise FileNotFoundError(
            f"The directory {str(path)!r} has no text files. Expected: {' or '.join(SUFFIXES)}."
        )
    yield from found


def _read_file(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{str(file)!r} is not text: byte {error.start:,} is not UTF-8."
        ) from error
    if "\0" in text:
        raise ValueError(f"{str(file)!r} is not text: it has NUL characters.")
    changed = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return {"path": file.as_posix(), "changed": f"{changed:%Y-%m-%d}", "text": text}


def _overview(totals: dict[str, Any]) -> str:
    minutes = max(1, round(totals["words"] / WORDS_PER_MINUTE))
    return (
        f"{totals['words']:,} words in {totals['files']} file{'s' * (totals['files'] != 1)}, "
        f"about {minutes} minute{'s' * (minutes != 1)} to read; "
        f"last changed {totals['changed']}."
    )


def _table(rows: Iterable[tuple[str, int, int, int]]) -> str:
    """Lay rows out as a Markdown table that also reads well as it is."""
    cells = [[path.replace("|", "\\|"), *(f"{n:,}" for n in figures)] for path, *figures in rows]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *cells, strict=True)]
    first, *others = widths
    rule = ["-" * first, *("-" * (width - 1) + ":" for width in others)]
    lines = [list(COLUMNS), rule, *cells]
    return "\n".join(
        "| " + " | ".join([line[0].ljust(first), *map(str.rjust, line[1:], others)]) + " |"
        for line in lines
    )
