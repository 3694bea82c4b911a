"""A real recorder over a real store, in a directory that is gone afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agentglass import Recorder
from agentglass.record import use_recorder
from agentglass.spans import TraceStore

__all__ = ["recording", "scratch_directory", "store_of"]


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """Make a directory; `TMPDIR` says on which disk."""
    with tempfile.TemporaryDirectory(prefix="agentglass-bench-") as name:
        yield Path(name)


@contextmanager
def recording(**options: Any) -> Iterator[Recorder]:
    """Make a recorder with a store on disk the default one; its writer has started."""
    with scratch_directory() as home:
        recorder = Recorder(home=home, **options)
        with use_recorder(recorder):
            recorder.start_trace("warm-up").end()
            recorder.flush()
            yield recorder
        recorder.close()
        store_of(recorder).close()


def store_of(recorder: Recorder) -> TraceStore:
    """Return the recorder's store.

    Raises:
        RuntimeError: None could be opened, so that there is nothing to measure.
    """
    if recorder.store is None:
        raise RuntimeError("The store cannot be opened. Set TMPDIR to a directory on a local disk.")
    return recorder.store
