"""What `agentglass run --watch` shows on stderr: a live tree on a terminal, lines in a pipe."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console, Group
from rich.file_proxy import FileProxy
from rich.live import Live
from rich.text import Text

from agentglass.cli.following import ended_line
from agentglass.cli.picture import RunPicture
from agentglass.cli.terminal import complain, is_interactive, visible
from agentglass.cli.tree_print import print_tree, safe_line
from agentglass.cli.tree_view import tree_lines
from agentglass.errors import error_text
from agentglass.record import Recorder
from agentglass.spans import Span, Trace

__all__ = ["Watch"]

_logger = logging.getLogger("agentglass")

_EVERY_S = 0.125
_REST = 9
"""A display rests this many times as long as it drew, so that it takes no more than a tenth."""


class Watch:
    """Shows a run while the block lasts; a fault of the display ends the display alone.

    Args:
        recorder: Records the run.
        workflow: Its name.
    """

    def __init__(self, recorder: Recorder, workflow: str) -> None:
        self._picture = RunPicture(recorder, workflow)
        self._display = _open_display()
        self._has_failed = False
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._keep_drawing, name="watch", daemon=True)

    def show_end(self, trace: Trace | None) -> None:
        """Show how the run ended, after the block.

        Args:
            trace: Its record; None shows what is known without one.
        """
        if final := trace or self._picture.trace():
            self._try(self._display.end, final)

    def __enter__(self) -> Self:
        self._try(self._display.start)
        self._try(self._thread.start)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._is_over.set()
        try:
            if self._thread.is_alive():
                self._thread.join()
        finally:
            self._try(self._display.stop)

    def _keep_drawing(self) -> None:
        pause_s = 0.0
        while not self._is_over.wait(pause_s) and not self._has_failed:
            began = time.perf_counter()
            self._try(self._display.draw, self._picture)
            pause_s = max(_EVERY_S, _REST * (time.perf_counter() - began))

    def _try(self, step: Callable[..., None], *arguments: Any) -> None:
        if self._has_failed:
            return
        try:
            step(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on
            self._has_failed = True
            with suppress(Exception):
                self._display.stop()
            _logger.warning("--watch shows nothing more: %s", visible(error_text(error)))


class _Display(Protocol):
    """A way to show a run."""

    def start(self) -> None:
        """Begin, before the run does."""

    def draw(self, picture: RunPicture) -> None:
        """Show how things are now."""

    def stop(self) -> None:
        """Leave the terminal as it was; a second time does nothing."""

    def end(self, trace: Trace) -> None:
        """Show how the run ended, after `stop`."""


def _open_display() -> _Display:
    # What a program prints is no markup, and its lines are as long as it made them.
    console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    # rich alone would draw into a pipe too, where FORCE_COLOR is set.
    return _LiveTree(console) if is_interactive() and console.is_interactive else _EndedLines()


class _LiveTree:
    """The tree of the run, drawn again and again in its place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None

    def start(self) -> None:
        """Take over what the program prints: it comes to stand above the tree."""
        streams = sys.stdout, sys.stderr
        live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno()),
            vertical_overflow="crop",
        )

        def leave_to_parent() -> None:
            # The locks of the display may be held by a thread that a forked child does not have.
            if self._live is not None:
                self._live = None
                sys.stdout, sys.stderr = streams

        os.register_at_fork(after_in_child=leave_to_parent)
        self._live = live
        live.start()
        # A process that is killed could not bring the cursor back.
        self._console.show_cursor(True)

    def draw(self, picture: RunPicture) -> None:
        """Draw the tree as it is now."""
        picture.look()
        trace = picture.trace()
        if trace is None or self._live is None:
            return
        # The verdict is for a run that is over.
        *lines, _ = tree_lines(trace, now_ns=picture.now_ns())
        shown = [safe_line(line) for line in _fitting(lines, self._console.height - 1)]
        for line in shown:
            line.no_wrap, line.overflow = True, "ellipsis"
        self._live.update(Group(*shown), refresh=True)

    def stop(self) -> None:
        """Wipe the tree, after the last words of the program."""
        live, self._live = self._live, None
        if live is None:
            return
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, FileProxy):
                stream.flush()
        live.stop()

    def end(self, trace: Trace) -> None:
        """Print the whole tree, to stay."""
        print_tree(trace, console=self._console)


def _fitting(lines: list[Text], height: int) -> list[Text]:
    """Return the heading and the last lines: the end of a tree is where something happens."""
    if len(lines) <= height:
        return lines
    last = max(height - 2, 1)
    hidden = Text(f"… {len(lines) - last - 1} lines more", style="dim")
    return [lines[0], hidden, *lines[-last:]]


class _EndedLines:
    """One line for each span that has ended."""

    def __init__(self) -> None:
        self._shown: set[str] = set()

    def start(self) -> None:
        """Do nothing: there is nothing to take over."""

    def draw(self, picture: RunPicture) -> None:
        """Print what has ended since the last time."""
        self._print(picture.look())

    def stop(self) -> None:
        """Do nothing: the lines stay."""

    def end(self, trace: Trace) -> None:
        """Print what ended after the last look."""
        left = [span for span in trace.spans if span.span_id not in self._shown]
        self._print(sorted(left, key=lambda span: span.end_ns or 0))

    def _print(self, spans: list[Span]) -> None:
        for span in spans:
            if span.end_ns is not None:
                self._shown.add(span.span_id)
                complain(visible(ended_line(span).plain))
