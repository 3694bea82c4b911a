"""Trace runs as files: written and read step by step, however long they are."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

from agentglass.spans import Trace
from agentglass.steps.from_spans import head_from_trace, iter_steps
from agentglass.steps.reader import RunReader
from agentglass.steps.run import TraceRun, json_text
from agentglass.steps.steps import BaseStep, OpaqueStep

__all__ = ["Form", "open_run", "read_run", "whole_file", "write_run"]

Form = Literal["trace-run", "jsonl"]
"""One JSON object, or a line for the run and one for each step."""


def write_run(
    run: TraceRun | Trace,
    target: str | Path | BinaryIO,
    *,
    form: Form = "trace-run",
    indent: int | None = None,
    steps: Iterable[BaseStep] | None = None,
) -> None:
    """Write a run; of a trace no more is held than a step and the ids.

    Args:
        run: A run, or a trace of a store.
        target: A file, which is replaced as a whole and readable by its owner only; or a binary
            stream.
        form: `trace-run` or `jsonl`.
        indent: Spaces for each level; None writes one line. A `jsonl` file has one line a step.
        steps: Written instead of those of `run`; each is asked for when the one before is written.

    Raises:
        OSError: The file cannot be written; nothing is left half-written.
    """
    head = head_from_trace(run) if isinstance(run, Trace) else run
    if steps is None:
        steps = iter_steps(run) if isinstance(run, Trace) else run.steps
    pieces = _as_lines(head, steps) if form == "jsonl" else _as_object(head, steps, indent)
    if isinstance(target, str | Path):
        with whole_file(target) as file:
            _write(pieces, file)
    else:
        _write(pieces, target)


def read_run(path: str | Path) -> TraceRun:
    """Read a whole run, in either form.

    Raises:
        TraceFormatError: It is not a run; names the file, the step and the field.
        OSError: The file cannot be read.
    """
    with open_run(path) as reader:
        return reader.read()


def open_run(path: str | Path) -> RunReader:
    """Open a run, in either form, to read its steps one by one; use it in a `with`.

    Raises:
        TraceFormatError: It is not JSON, breaks off, or something besides its steps is wrong.
        OSError: The file cannot be read.
    """
    with ExitStack() as opened:
        reader = RunReader(opened.enter_context(Path(path).open("rb")), str(path))
        opened.pop_all()
        return reader


@contextmanager
def whole_file(path: str | Path) -> Iterator[BinaryIO]:
    """Give a file to write that takes the place of another when all is written, or never.

    Raises:
        OSError: It cannot be written.
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:100]}-")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _write(pieces: Iterable[str], file: BinaryIO) -> None:
    for piece in pieces:
        file.write(piece.encode())


def _as_object(head: TraceRun, steps: Iterable[BaseStep], indent: int | None) -> Iterator[str]:
    """Yield the text of `TraceRun.to_json` in pieces."""
    start = json_text(head, indent, exclude={"steps"})
    if indent is None:
        newline = inner = innermost = ""
        colon = ":"
    else:
        newline, colon = "\n", ": "
        inner, innermost = " " * indent, " " * indent * 2
    yield f'{start.removesuffix("}").rstrip()},{newline}{inner}"steps"{colon}['
    separator = ""
    for step in steps:
        text = json_text(step, indent)
        # No text within quotes has a line break: they are escaped.
        yield f"{separator}{newline}{innermost}" + text.replace("\n", f"\n{innermost}")
        separator = ","
    yield f"{newline}{inner}]{newline}}}" if separator else f"]{newline}}}"


def _as_lines(head: TraceRun, steps: Iterable[BaseStep]) -> Iterator[str]:
    yield f'{{"kind":"run",{json_text(head, exclude={"steps"})[1:]}\n'
    for step in steps:
        text = json_text(step)
        has_own_kind = isinstance(step, OpaqueStep) and "kind" in (step.model_extra or {})
        yield f"{text}\n" if has_own_kind else f'{{"kind":"step",{text[1:]}\n'
