"""`LangChainInstrumentor`: every call of LangChain and LangGraph, without a change to the program."""

import threading
from typing import Any

from langchain_core.tracers.context import register_configure_hook

from agentglass.capture.instrumentor import Instrumentor
from agentglass.capture.langchain.handler import Recording

__all__ = ["LangChainInstrumentor"]


class _Hook:
    """A place for a recording, in the form in which LangChain asks for handlers.

    LangChain asks its configure hooks with `get()`, wherever callbacks are put together: also for
    objects that were made before, and in every thread. A ContextVar could not be set for all of them.
    Hooks cannot be taken back, so that one that is free is used again.
    """

    def __init__(self) -> None:
        self.recording: Recording | None = None

    def get(self) -> Any:
        """Return the handler to add; None while nobody captures."""
        return self.recording


_hooks: list[_Hook] = []
_lock = threading.Lock()


def _listen(recording: Recording) -> None:
    with _lock:
        hook = next((each for each in _hooks if each.recording is None), None)
        if hook is None:
            hook = _Hook()
            _hooks.append(hook)
            register_configure_hook(hook, inheritable=True)  # type: ignore[arg-type]
        hook.recording = recording


def _stop_listening(recording: Recording) -> None:
    with _lock:
        for hook in _hooks:
            if hook.recording is recording:
                hook.recording = None


class LangChainInstrumentor(Instrumentor):
    """Captures every call of LangChain: chains, agents, models, tools, retrievers, graphs.

        LangChainInstrumentor().instrument()

    See `Instrumentor` for the options.
    """

    def _install(self) -> None:
        self._recording = Recording(self)
        _listen(self._recording)

    def _remove(self) -> None:
        _stop_listening(self._recording)
