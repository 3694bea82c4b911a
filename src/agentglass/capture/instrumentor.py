"""What every instrumentor is: it begins and ends, knows its spans, and has a policy of its own."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from agentglass.capture.captured import Captured
from agentglass.capture.redaction import RedactionConfig
from agentglass.errors import InstrumentorAlreadyActiveError, InstrumentorNotActiveError
from agentglass.redact import RedactionPolicy
from agentglass.steps import TraceRun

__all__ = ["Instrumentor"]


class Instrumentor:
    """The base of all instrumentors; a context manager, too.

    Args:
        output_path: Where `trace-{run_id}.json` is written when a captured root has ended.
        agent_name: The name of the agent in its runs.
        agent_version: Its version.
        redaction_config: What is hidden of its spans; e-mail addresses, card and social-security
            numbers where none is given.
        capture_inputs: False keeps no input of its spans.
        capture_outputs: False keeps no output.
    """

    def __init__(
        self,
        output_path: str | Path | None = None,
        agent_name: str | None = None,
        agent_version: str | None = None,
        redaction_config: RedactionConfig | None = None,
        capture_inputs: bool = True,
        capture_outputs: bool = True,
    ) -> None:
        config = redaction_config or RedactionConfig.default()
        captures = RedactionPolicy(
            secrets=False, capture_inputs=capture_inputs, capture_outputs=capture_outputs
        )
        self.policy = config.policy | captures
        """What is hidden of its spans, on top of the global policy."""
        self.captured = Captured(agent_name, agent_version, output_path)
        """The spans that it made."""
        self._active = False
        self._state = threading.Lock()

    def instrument(self) -> Self:
        """Begin to capture, also what objects do that exist already.

        Raises:
            InstrumentorAlreadyActiveError: It has begun.
        """
        with self._state:
            if self._active:
                raise InstrumentorAlreadyActiveError(type(self).__name__)
            self._install()
            self._active = True
        return self

    def uninstrument(self) -> None:
        """Capture no more; what was captured stays.

        Raises:
            InstrumentorNotActiveError: It has not begun.
        """
        with self._state:
            if not self._active:
                raise InstrumentorNotActiveError(type(self).__name__)
            self._remove()
            self._active = False

    def is_instrumented(self) -> bool:
        """Tell whether it captures."""
        return self._active

    def get_traces(self) -> list[TraceRun]:
        """Return what was captured, a run of steps for each trace; waits until it is stored."""
        return self.captured.runs()

    def clear_traces(self) -> None:
        """Forget what was captured; the store keeps it."""
        self.captured.clear()

    def __enter__(self) -> Self:
        return self.instrument()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.uninstrument()

    def _install(self) -> None:
        raise NotImplementedError

    def _remove(self) -> None:
        raise NotImplementedError
