"""Progress on stderr while something takes long."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status
from rich.text import Text

__all__ = ["Progress"]

_AFTER_S = 0.7


class Progress:
    """Shows what is going on; nothing when the block is over soon.

    Args:
        describe: Says it, in a few words; called whenever the line is drawn.
    """

    def __init__(self, describe: Callable[[], str]) -> None:
        self._describe = describe
        self._status = Status(self, console=Console(stderr=True))
        self._timer = threading.Timer(_AFTER_S, self._status.start)
        self._timer.daemon = True

    def __rich__(self) -> Text:
        """Say what is going on; read by rich whenever it draws."""
        return Text(self._describe())

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
