"""Where the record lives."""

import os
import zlib
from importlib import import_module
from pathlib import Path

__all__ = ["STATE_NAME", "STORE_NAME", "fallback_home", "resolve_home"]

STORE_NAME = "traces.db"
STATE_NAME = "state.db"
"""What runs need to go on; written by the workflow floor."""


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
    digest = f"{zlib.crc32(os.fsencode(resolve_home(home))):08x}"
    # Loaded when the home has failed: with what it brings it takes 3 ms.
    return Path(import_module("tempfile").gettempdir()) / f"agentglass-{user}-{digest}"
