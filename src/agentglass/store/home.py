"""Where the record lives."""

import os
import tempfile
from hashlib import sha256
from pathlib import Path

__all__ = ["STORE_NAME", "fallback_home", "resolve_home"]

STORE_NAME = "traces.db"


def resolve_home(home: str | Path | None = None) -> Path:
    """Return the directory of agentglass: the argument, AGENTGLASS_HOME, or `~/.agentglass`."""
    chosen = home or os.environ.get("AGENTGLASS_HOME") or "~/.agentglass"
    return Path(chosen).expanduser().absolute()


def fallback_home(home: str | Path | None = None) -> Path:
    """Return the directory that stands in for a home that cannot be written to.

    It is the same one for every process of a user with that home, so that a run recorded there can
    be shown.
    """
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    digest = sha256(os.fsencode(resolve_home(home))).hexdigest()[:8]
    return Path(tempfile.gettempdir()) / f"agentglass-{user}-{digest}"
