"""Progress on stderr while a run takes long: which steps are open."""

import threading
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status
from rich.text import Text

from agentglass.record import Recorder
from agentglass.spans import SpanType

__all__ = ["Progress"]

_AFTER_S = 0.7
_SHOWN = frozenset({SpanType.NODE, SpanType.LLM, SpanType.TOOL, SpanType.AGENT})


class Progress:
    """Shows the open steps of a recorder; nothing when the block is over soon."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._status = Status(self, console=Console(stderr=True))
        self._timer = threading.Timer(_AFTER_S, self._status.start)
        self._timer.daemon = True

    def __rich__(self) -> Text:
        """Say what is running; read by rich whenever it draws."""
        steps = [s.name for s in list(self._recorder.open_spans) if s.type in _SHOWN]
        return Text(f"running {' > '.join(steps)}" if steps else "running")

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._timer.join()
        self._status.stop()
