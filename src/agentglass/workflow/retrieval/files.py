"""Which files are searched: paths and patterns beside the workflow file, and nothing outside."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "MAX_FILES",
    "MAX_FILE_BYTES",
    "MAX_TOTAL_BYTES",
    "PathError",
    "SourceFile",
    "find_files",
    "has_wildcards",
]

MAX_FILES = 5_000
MAX_FILE_BYTES = 10_000_000
MAX_TOTAL_BYTES = 200_000_000
_WILDCARDS = frozenset("*?[")


class PathError(LookupError):
    """A path leads nowhere, or to where it must not."""

    def __init__(self, path: str, message: str, *, code: str = "path") -> None:
        self.path = path
        self.code = code
        """A word for scripts: `no-files`, `outside`, `too-large` or `path`."""
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as it was when it was found."""

    path: Path
    """Without links."""
    source: str
    """How a reader knows it: relative to the workflow's directory where it lies in it."""
    mtime_ns: int
    size_bytes: int


def find_files(paths: Sequence[str], directory: Path) -> tuple[SourceFile, ...]:
    """Return the files that paths and patterns name, each once.

    A directory stands for all files below it. Patterns and directories leave out hidden files and
    what is reached through links to directories.

    Args:
        paths: Relative to `directory`, or absolute.
        directory: Where the workflow file is; a relative path must not lead out of it.

    Raises:
        PathError: A path without wildcards leads to no file, a path leads out of the directory, no
            file is found, or too many are.
    """
    root = directory.resolve()
    found: dict[Path, SourceFile] = {}
    for text in paths:
        try:
            files = [_source_file(text, path, root) for path in _files_of(text, root)]
        except OSError as error:
            message = f"{text!r} cannot be looked up: {error.strerror or error}."
            raise PathError(text, message) from error
        found.update((file.path, file) for file in files)
        # A file that is too large by itself is not read.
        sizes = (file.size_bytes for file in found.values() if file.size_bytes <= MAX_FILE_BYTES)
        if len(found) > MAX_FILES or sum(sizes) > MAX_TOTAL_BYTES:
            raise _too_large(text)
    if not found:
        raise PathError(
            paths[0], f"No file matches {', '.join(map(repr, paths))}.", code="no-files"
        )
    return tuple(found.values())


def has_wildcards(path: str) -> bool:
    """Tell whether a path is a pattern."""
    return not _WILDCARDS.isdisjoint(path)


def _files_of(text: str, root: Path) -> Iterator[Path]:
    path = _joined(text, root)
    if path.is_file():
        yield path
    elif path.is_dir():
        _check_inside(text, path, root)
        yield from _matches(text, path, "**/*")
    elif has_wildcards(text):
        base, pattern = _split_pattern(path)
        _check_inside(text, base, root)
        yield from _matches(text, base, pattern)
    else:
        kind = "is no file" if path.exists() else "does not exist"
        raise PathError(text, f"The path {text!r} {kind}: {path}.", code="no-files")


def _joined(text: str, root: Path) -> Path:
    if not text.strip() or "\0" in text:
        raise PathError(text, f"{text!r} is not a path. Expected: a file, or a pattern.")
    return root / text


def _split_pattern(path: Path) -> tuple[Path, str]:
    """Cut before the first part that has wildcards."""
    parts = path.parts
    cut = next(i for i, part in enumerate(parts) if not _WILDCARDS.isdisjoint(part))
    # Until Python 3.13 a final `**` means directories alone.
    last = ("*",) if parts[-1] == "**" else ()
    return Path(*parts[:cut]), "/".join([*parts[cut:], *last])


def _matches(text: str, base: Path, pattern: str) -> Iterator[Path]:
    """Yield files in order of their names, so that a run finds the same as the one before."""
    names_hidden = any(part.startswith(".") for part in pattern.split("/"))
    matches: list[Path] = []
    try:
        for path in base.glob(pattern):
            is_hidden = any(part.startswith(".") for part in path.relative_to(base).parts)
            if (names_hidden or not is_hidden) and path.is_file():
                matches.append(path)
            if len(matches) > MAX_FILES:
                raise _too_large(text)
    except (ValueError, NotImplementedError) as error:
        raise PathError(text, f"{text!r} is not a pattern: {error}.") from error
    yield from sorted(matches)


def _source_file(text: str, path: Path, root: Path) -> SourceFile:
    real = _check_inside(text, path, root)
    status = real.stat()
    shown = real.relative_to(root) if real.is_relative_to(root) else real
    # A name that is not UTF-8 could not be written to the record.
    source = os.fsencode(shown).decode("utf-8", "replace")
    return SourceFile(real, source, status.st_mtime_ns, status.st_size)


def _check_inside(text: str, path: Path, root: Path) -> Path:
    """Return the path without links."""
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        # RuntimeError: links that lead in a circle, before Python 3.13.
        raise PathError(text, f"The path {path} does not exist.", code="no-files") from error
    if not Path(text).is_absolute() and not real.is_relative_to(root):
        raise PathError(
            text,
            f"The path {text!r} leads out of the workflow's directory, to {real}. "
            "Write it as an absolute path if that is meant.",
            code="outside",
        )
    return real


def _too_large(text: str) -> PathError:
    message = (
        f"{text!r} leads to more than {MAX_FILES} files or {MAX_TOTAL_BYTES // 1_000_000} MB. "
        "Name fewer files, or search them with a `retriever` of your own."
    )
    return PathError(text, message, code="too-large")
