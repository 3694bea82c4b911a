"""Where the record of this process goes; what becomes of it when that place fails."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from agentglass.errors import StoreBusyError, StoreError, StoreLostError
from agentglass.spans import SinkAddress, TraceStore
from agentglass.store import SQLiteStore
from agentglass.store.connection import file_id
from agentglass.store.opening import OpenedStore, open_fallback, open_home, open_store, replace_lost

__all__ = ["Place"]

_logger = logging.getLogger("agentglass")

_BUSY_TIMEOUT_S = 1.0
"""Shorter than a reader's: the writer can wait between its attempts and be told to end there."""
_MAX_NEW_FILES = 3
"""A disk that damages every new store is left for another place."""


class Place:
    """The store of a writer, opened on first use.

    Args:
        store: A store of the program's own; it is never left.
        home: Otherwise the directory of the store, which may give way to another one.
        sinks: Where the record goes besides: each store queues it for them.
    """

    def __init__(
        self,
        store: TraceStore | None,
        home: str | Path | None,
        sinks: Sequence[SinkAddress] = (),
    ) -> None:
        self.store = store
        """The store, once it is open."""
        self._home = home
        self._sinks = sinks
        if store is not None:
            self._queue_for_sinks(store)
        self._own: SQLiteStore | None = None
        self._is_home = False
        self._new_files = 0
        self._lock = threading.Lock()

    @property
    def path(self) -> str | None:
        """Where the record is kept."""
        path = getattr(self.store, "path", None)
        return None if path is None else str(path)

    @property
    def is_gone(self) -> bool:
        """Whether the file that is written to was removed or replaced."""
        store = self.store
        return isinstance(store, SQLiteStore) and file_id(store.path) != store.file_id

    def open(self) -> TraceStore:
        """Return the store; what did not work when it was opened is said once."""
        with self._lock:
            if self.store is None:
                opened = open_store(self._home, busy_timeout_s=_BUSY_TIMEOUT_S)
                for notice in opened.notices:
                    _logger.warning("%s", notice)
                self._queue_for_sinks(opened.store)
                self.store = self._own = opened.store
                self._is_home = opened.is_home
            return self.store

    def move(self, why: StoreError, *, is_last: bool) -> bool:
        """Look for a better place after the store refused.

        A store that is only busy is left when nobody will be there to wait for it.

        Args:
            why: What the store said.
            is_last: Whether the process is about to end.

        Returns:
            Whether there is one. What was stored before is not in it.
        """
        if self._own is None or (isinstance(why, StoreBusyError) and not is_last):
            return False
        try:
            with self._lock:
                return self._replace(self._own, why) or self._leave_home(self._own, why)
        except (StoreError, OSError) as error:
            _logger.debug("there is no other place for the record: %s", error)
            return False

    def _replace(self, old: SQLiteStore, why: StoreError) -> bool:
        """Start a new file where the old one is damaged or gone."""
        if not isinstance(why, StoreLostError) or self._new_files == _MAX_NEW_FILES:
            return False
        self._new_files += 1
        notice = replace_lost(old.path, old.file_id, why)
        opener = open_home if self._is_home else open_fallback
        self._take(opener(self._home, busy_timeout_s=_BUSY_TIMEOUT_S), notice)
        old.close()
        return True

    def _leave_home(self, old: SQLiteStore, why: StoreError) -> bool:
        """Go on where runs go whose home does not work; `agentglass show` looks there too."""
        if not self._is_home:
            return False
        opened = open_fallback(self._home, busy_timeout_s=_BUSY_TIMEOUT_S)
        self._is_home = False
        self._take(opened, f"{why} Recording goes on in {opened.store.path!r}.")
        old.close()
        return True

    def _take(self, opened: OpenedStore, notice: str) -> None:
        self._queue_for_sinks(opened.store)
        self.store = self._own = opened.store
        _logger.warning("%s", " ".join([*opened.notices, notice]))

    def _queue_for_sinks(self, store: TraceStore) -> None:
        for sink in self._sinks:
            store.outbox(sink)
