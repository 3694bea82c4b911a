"""Names to classes: built-in tables as strings, entry points for outsiders.

A table maps a configuration name to `"module:Attribute"`, so that nothing heavy is imported until
somebody asks for it by name.
"""

import os
import threading
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from agentglass.errors import MissingExtraError, OptionError, did_you_mean

__all__ = ["EXTRAS", "importing", "lazy_names", "load_object", "load_plugin", "plugin_names"]

EXTRAS: Mapping[str, str] = {
    "langchain_core": "run",
    "langgraph": "run",
    "aiosqlite": "run",
    "openai": "openai",
    "pandas": "frames",
    "pydantic": "run",
    "simpleeval": "run",
    "yaml": "run",
}
"""Top-level module of an optional library -> the extra that installs it."""

_FORK_PATIENCE_S = 5.0
importing = threading.RLock()
"""Held while something is imported, also by a call that may import: no process forks meanwhile."""
_is_held: list[bool] = []


def _wait_for_imports() -> None:
    """Let threads finish their imports: in a forked child a module would stay half imported."""
    _is_held.append(importing.acquire(timeout=_FORK_PATIENCE_S))


def _go_on() -> None:
    if _is_held.pop():
        importing.release()


os.register_at_fork(before=_wait_for_imports, after_in_parent=_go_on, after_in_child=_go_on)


def load_object(target: str, *, feature: str) -> Any:
    """Import `"module:Attribute"`.

    Args:
        target: Where the object lives.
        feature: What needs it, for the error message.

    Raises:
        MissingExtraError: An optional library is not installed.
    """
    module_name, _, attribute = target.partition(":")
    try:
        with importing:
            module = import_module(module_name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in EXTRAS and find_spec(missing) is None:
            raise MissingExtraError(feature, EXTRAS[missing], missing) from error
        raise
    return getattr(module, attribute)


def _entry_points(**wanted: str) -> Any:
    """Return entry points; their module takes 10 ms to import and is not needed to record."""
    return import_module("importlib.metadata").entry_points(**wanted)


def plugin_names(group: str, builtin: Mapping[str, str]) -> list[str]:
    """Return every name of a table, the built-in ones and those of entry points, sorted."""
    return sorted({*builtin, *(point.name for point in _entry_points(group=group))})


def load_plugin(kind: str, name: str, group: str, builtin: Mapping[str, str]) -> Any:
    """Load one object of a name table.

    Args:
        kind: What the table holds, for messages, as in `sink`.
        name: The name that the user wrote.
        group: The entry-point group in which outsiders register.
        builtin: The names that agentglass brings.

    Raises:
        OptionError: Nobody registered the name.
        MissingExtraError: The name is known, its library is not installed.
    """
    if name in builtin:
        return load_object(builtin[name], feature=f"The {name!r} {kind}")
    for point in _entry_points(group=group, name=name):
        return point.load()
    known = plugin_names(group, builtin)
    raise OptionError(
        f"Unknown {kind} {name!r}.{did_you_mean(name, known)} Known: {', '.join(known)}."
    )


def lazy_names(package: str, table: Mapping[str, str]) -> Any:
    """Return a module-level `__getattr__` that imports the names of `table` when first asked for.

    Args:
        package: The `__name__` of the package that re-exports.
        table: Public name -> `"module:Attribute"`.
    """

    def __getattr__(name: str) -> Any:
        if name not in table:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return load_object(table[name], feature=f"{package}.{name}")

    return __getattr__
