"""Where the record lives."""

import os
import tempfile
from pathlib import Path

__all__ = ["STORE_NAME", "fallback_home", "resolve_home"]

STORE_NAME = "traces.db"


def resolve_home(home: str | Path | None = None) -> Path:
    """Return the directory of agentglass: the argument, AGENTGLASS_HOME, or `~/.agentglass`."""
    chosen = home or os.environ.get("AGENTGLASS_HOME") or "~/.agentglass"
    return Path(chosen).expanduser().absolute()


def fallback_home() -> Path:
    """Return the directory that is used when the first choice cannot be written to.

    It is the same one for every process of a user, so that a run recorded there can be shown.
    """
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"agentglass-{user}"
