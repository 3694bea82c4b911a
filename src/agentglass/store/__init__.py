"""The local store: SQLite, one file, many processes."""

from agentglass.plugins import lazy_names
from agentglass.store.home import fallback_home, resolve_home
from agentglass.store.opening import OpenedStore, open_store
from agentglass.store.sqlite import SQLiteStore

__all__ = [
    "OpenedStore",
    "SQLiteStore",
    "fallback_home",
    "open_store",
    "read_only",
    "resolve_home",
    "runs_frame",
    "spans_frame",
]

__getattr__ = lazy_names(
    __name__,
    {
        "read_only": "agentglass.store.frames:read_only",
        "runs_frame": "agentglass.store.frames:runs_frame",
        "spans_frame": "agentglass.store.frames:spans_frame",
    },
)
