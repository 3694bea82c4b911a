"""What `export`, `import` and `show FILE` do: runs into files, and out of them."""

import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, cast

from agentglass.cli.progress import Progress
from agentglass.cli.terminal import complain, is_interactive, visible
from agentglass.errors import OptionError, StoreError, TraceFormatWarning
from agentglass.spans import Trace
from agentglass.steps.files import Form, open_run, write_run
from agentglass.steps.keep import keep_run
from agentglass.steps.reader import RunReader
from agentglass.store import SQLiteStore
from agentglass.store.opening import open_home

__all__ = ["import_files", "trace_of_file", "write_file"]

_STANDARD = "-"


def write_file(trace: Trace, path: Path, *, form: Form, indent: int | None, force: bool) -> None:
    """Write a run into a file, or to standard output.

    Raises:
        OptionError: The file is there already and `force` is not set, or it cannot be written.
    """
    if str(path) == _STANDARD:
        sys.stdout.flush()
        write_run(trace, sys.stdout.buffer, form=form, indent=indent)
        sys.stdout.buffer.write(b"" if form == "jsonl" else b"\n")
        sys.stdout.buffer.flush()
        return
    if path.is_dir():
        raise OptionError(f"{str(path)!r} is a directory. Name the file to write in it.")
    if path.exists() and not force:
        raise OptionError(f"{str(path)!r} is there already. Add --force to replace it.")
    with _told(path, "written"), _progress(f"writing {path}"):
        write_run(trace, path, form=form, indent=indent)


def import_files(names: list[str]) -> list[dict[str, Any]]:
    """Put the runs of files into the store; returns what came of each.

    All of them are read before the first is written.

    Raises:
        TraceFormatError: A file is no run; nothing was written.
        OptionError: A file cannot be read.
        StoreError: The store cannot be written.
    """
    with _warnings_told(), ExitStack() as opened:
        runs = [opened.enter_context(_open_checked(name)) for name in names]
        home = open_home()
        opened.callback(home.store.close)
        opened.callback(home.store.release_lease)
        for notice in home.notices:
            complain(f"Warning: {notice}")
        return [_keep(run, home.store) for run in runs]


def trace_of_file(name: str) -> Trace:
    """Return the run of a file as one of a store; it is in memory only.

    Raises:
        TraceFormatError: The file is no run.
        OptionError: It cannot be read, or it holds nothing to show.
    """
    store = SQLiteStore(":memory:")
    with _warnings_told(), _open_checked(name) as run:
        trace = store.get_trace(_keep(run, store)["trace_id"])
    if trace is None:
        raise OptionError(f"{name!r} holds a run without a root and without steps.")
    return trace


def _keep(run: RunReader, store: SQLiteStore) -> dict[str, Any]:
    with _progress(f"keeping {run.name}: {run.step_count:,} steps"):
        trace_id = keep_run(run, store)
    return {
        "file": run.name,
        "run_id": run.head.run_id,
        "trace_id": trace_id,
        "steps": run.step_count,
    }


@contextmanager
def _open_checked(name: str) -> Iterator[RunReader]:
    with ExitStack() as opened:
        with _told(name, "read"), _progress(f"reading {name}"):
            run = _standard_input() if name == _STANDARD else open_run(name)
            opened.enter_context(run).check()
        yield run


def _standard_input() -> RunReader:
    """Open what comes in; it is kept in a file meanwhile, for a run is read more than once."""
    with ExitStack() as opened:
        file = opened.enter_context(tempfile.TemporaryFile())
        shutil.copyfileobj(sys.stdin.buffer, file)
        run = RunReader(cast("BinaryIO", file), "standard input")
        opened.pop_all()
        return run


@contextmanager
def _told(path: str | Path, done: str) -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise OptionError(f"{str(path)!r} cannot be {done}: {reason}.") from error


@contextmanager
def _warnings_told() -> Iterator[None]:
    """Print what a file holds that is not understood, each once."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TraceFormatWarning)
        yield
    for text in dict.fromkeys(str(each.message) for each in caught):
        complain(f"Warning: {visible(text)}")


def _progress(text: str) -> AbstractContextManager[object]:
    return Progress(lambda: visible(text)) if is_interactive() else nullcontext()
