"""Finds the function behind `module:function`, beside the workflow file or anywhere on the path."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

from agentglass.errors import did_you_mean

__all__ = ["CallableError", "load_callable"]

_lock = threading.RLock()
_from_directory: dict[str, Path] = {}
"""Top-level modules that were found beside a workflow file -> that directory."""


class CallableError(ValueError):
    """A text does not lead to a function."""


def load_callable(target: str, directory: Path) -> Callable[..., Any]:
    """Import a function.

    Modules beside the workflow file are found as they would be in a script there; the import path
    is as before afterwards. Importing runs the module's code, which is trusted like the file.

    Args:
        target: As in `steps.measure:count_words`.
        directory: Where the workflow file is.

    Raises:
        CallableError: The module cannot be imported, or holds no such function.
    """
    module_name, colon, attribute = target.partition(":")
    if not colon or not all(part.isidentifier() for part in module_name.split(".")):
        raise CallableError(
            f"{target!r} is not a function's path. Expected: module:function, as in 'steps:count'."
        )
    module = _import(module_name, directory)
    found: Any = module
    for name in attribute.split("."):
        if not hasattr(found, name):
            functions = [key for key, value in vars(module).items() if callable(value)]
            raise CallableError(
                f"The module {module_name!r} has no {attribute!r}."
                f"{did_you_mean(attribute, functions)}"
            )
        found = getattr(found, name)
    if not callable(found):
        raise CallableError(f"{target!r} is a {type(found).__name__}, which cannot be called.")
    return found  # type: ignore[no-any-return]


def _import(name: str, directory: Path) -> Any:
    with _lock, _first_on_path(directory):
        _forget_other_directory(name.partition(".")[0], directory)
        invalidate_caches()
        try:
            return import_module(name)
        except (Exception, SystemExit) as error:
            raise CallableError(
                f"The module {name!r} cannot be imported: {type(error).__name__}: {error}"
            ) from error


@contextmanager
def _first_on_path(directory: Path) -> Iterator[None]:
    entry = str(directory)
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        sys.path.remove(entry)


def _forget_other_directory(top: str, directory: Path) -> None:
    """Make two workflows with a `steps.py` each get their own one."""
    if not ((directory / f"{top}.py").exists() or (directory / top).is_dir()):
        return
    if _from_directory.get(top, directory) != directory:
        for name in [name for name in sys.modules if name.partition(".")[0] == top]:
            del sys.modules[name]
    if top not in sys.modules:
        _from_directory[top] = directory
