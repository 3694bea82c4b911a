"""A run goes on in one process at a time."""

import fcntl
import os
from pathlib import Path

__all__ = ["RunLock"]


class RunLock:
    """A lock on a run, held by this process; the system lets go of it when the process ends.

    Args:
        home: The directory of `state.db`.
        run_id: Which run.
    """

    def __init__(self, home: Path, run_id: str) -> None:
        self._path = home / "runs" / f"{run_id}.lock"
        self._fd: int | None = None

    def take(self) -> bool:
        """Take the lock; tells whether it was free."""
        for directory in (self._path.parent.parent, self._path.parent):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        while True:
            fd = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(fd)
                return False
            if os.fstat(fd).st_nlink:
                self._fd = fd
                return True
            # Its last holder removed the file between our two calls.
            os.close(fd)

    def is_held(self) -> bool:
        """Tell whether somebody holds it: the run is at work in some process."""
        is_free = self.take()
        self.release()
        return not is_free

    def release(self) -> None:
        """Let go of the lock and remove its file."""
        if self._fd is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._fd)
            self._fd = None
