"""The process-wide default recorder, and the lookup of the one that applies here."""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agentglass.record.context import Context, current_context
from agentglass.record.recorder import Receipt, Recorder, close_all
from agentglass.record.sender import SinkSpec
from agentglass.record.sigterm import close_on_sigterm
from agentglass.redact import Limits, RedactionPolicy
from agentglass.spans import Level, Processor, Resource, Trace, TraceStore

__all__ = ["configure", "current_recorder", "flush", "last_trace", "use_recorder"]

_lock = threading.RLock()
# Nobody holds it while a process forks: in the child nobody would let go of it.
os.register_at_fork(
    before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
)
_default: dict[str, Recorder] = {}


def current_recorder() -> Recorder:
    """Return the recorder that applies here: the context's, or else the default one."""
    context = current_context.get()
    if context is not None:
        return context.recorder
    return _default.get("recorder") or _make_default()


def _make_default() -> Recorder:
    with _lock:
        return _default.setdefault("recorder", _default.get("recorder") or Recorder())


def configure(
    *,
    home: str | Path | None = None,
    store: TraceStore | None = None,
    level: Level = "trace",
    redact_pii: bool = False,
    policy: RedactionPolicy | None = None,
    limits: Limits | None = None,
    processors: tuple[Processor, ...] = (),
    service: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    sinks: Sequence[SinkSpec] = (),
    project: str | None = None,
    environment: str | None = None,
    release: str | None = None,
    exit_wait_s: float = 2.0,
    handle_sigterm: bool = False,
    max_store_bytes: int | None = None,
) -> Recorder:
    """Set the default recorder of this process; the one before is flushed and closed.

    Args:
        home: Directory of the store; AGENTGLASS_HOME or `~/.agentglass` when None.
        store: A store of your own instead.
        level: `off`, `metrics` (no contents) or `trace`.
        redact_pii: Redact e-mail addresses, card and social-security numbers too.
        policy: The whole redaction policy, where `redact_pii` is not enough.
        limits: How much of a value is kept.
        processors: Functions `Span -> Span | None`, applied after redaction.
        service: Name of the program in the record.
        attributes: Further facts about the program, under OTel resource names.
        sinks: Where the record goes besides: sinks, their names, or pairs of name and options.
        project: Which project the traces belong to.
        environment: Where the program runs, as in `production`.
        release: Its version.
        exit_wait_s: How long the end of the process waits for the writer and the sinks.
        handle_sigterm: Store what is left before SIGTERM ends the process. Only where SIGTERM has
            its default effect; a handler of the program's own is never replaced.
        max_store_bytes: The oldest runs of the store are deleted while it holds more, those that a
            sink has yet to get last of all. None keeps everything.

    Returns:
        The new default recorder.

    Raises:
        OptionError: `level` or the name of a sink is unknown.
    """
    recorder = Recorder(
        home=home,
        store=store,
        level=level,
        policy=policy or RedactionPolicy(pii=redact_pii),
        limits=limits,
        processors=processors,
        resource=Resource(service, dict(attributes or {})) if service else None,
        sinks=sinks,
        project=project,
        environment=environment,
        release=release,
        exit_wait_s=exit_wait_s,
        max_store_bytes=max_store_bytes,
    )
    with _lock:
        before = _default.pop("recorder", None)
        _default["recorder"] = recorder
    if before is not None:
        before.close()
    if handle_sigterm:
        close_on_sigterm(close_all)
    return recorder


@contextmanager
def use_recorder(recorder: Recorder) -> Iterator[Recorder]:
    """Make a recorder the default one for a while, in every thread; what it replaces comes back."""
    with _lock:
        before = _default.get("recorder")
        _default["recorder"] = recorder
    token = current_context.set(Context(None, None, recorder, None))
    try:
        yield recorder
    finally:
        current_context.reset(token)
        with _lock:
            _default.pop("recorder", None)
            if before is not None:
                _default["recorder"] = before


def last_trace() -> Trace | None:
    """Return the latest run of the store that is recorded to; None when there is none.

    What was recorded so far is stored first. In a notebook it shows as a tree.
    """
    recorder = current_recorder()
    recorder.flush()
    latest = recorder.store.find(limit=1).traces
    return recorder.store.get_trace(latest[0].trace_id) if latest else None


def flush(timeout_s: float | None = 10.0) -> Receipt:
    """Wait until everything recorded so far is stored and with the sinks, and say what was."""
    return current_recorder().flush(timeout_s)
