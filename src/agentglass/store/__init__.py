"""The local store: SQLite, one file, many processes."""

from agentglass.store.home import fallback_home, resolve_home
from agentglass.store.opening import OpenedStore, open_store
from agentglass.store.sqlite import SQLiteStore

__all__ = ["OpenedStore", "SQLiteStore", "fallback_home", "open_store", "resolve_home"]
