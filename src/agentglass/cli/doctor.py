"""`agentglass doctor`: what is installed, where the record is, what is missing."""

import os
import platform
import sqlite3
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from agentglass.cli.figures import format_bytes
from agentglass.cli.stores import Stores, store_path
from agentglass.cli.terminal import print_json, print_text
from agentglass.plugins import EXTRAS

__all__ = ["doctor"]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Say what is installed, where the store is and how large, and which extras are missing."""
    report = {"installed": _installed(), "store": _store(), "extras": _extras()}
    if as_json:
        print_json(report)
    else:
        print_text("\n".join(_lines(report)))


def _installed() -> dict[str, str]:
    return {
        "agentglass": version("agentglass"),
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
    }


def _store() -> dict[str, Any]:
    path = store_path()
    report: dict[str, Any] = {
        "path": str(path),
        "exists": path.exists(),
        "is_writable": _is_writable(path.parent),
    }
    stores = Stores()
    for store in stores.readable:
        if store.path == str(path):
            report |= store.stats()
        else:
            report["fallback"] = {"path": store.path, **store.stats()}
    if stores.problems:
        report["error"] = " ".join(map(str, stores.problems))
    return report


def _extras() -> dict[str, dict[str, Any]]:
    extras: dict[str, dict[str, Any]] = {}
    for module, extra in sorted(EXTRAS.items()):
        entry = extras.setdefault(extra, {"is_complete": True, "packages": {}})
        found = find_spec(module) is not None
        entry["packages"][module] = _version_of(module) if found else None
        entry["is_complete"] &= found
    return extras


def _version_of(module: str) -> str:
    try:
        return version({"yaml": "pyyaml", "langchain_core": "langchain-core"}.get(module, module))
    except PackageNotFoundError:
        return "installed"


def _is_writable(directory: Path) -> bool:
    """Tell whether the directory can be written to, or made."""
    nearest = next(path for path in (directory, *directory.parents) if path.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK)


def _lines(report: dict[str, Any]) -> list[str]:
    lines = [f"{name:<11} {text}" for name, text in report["installed"].items()]
    store = report["store"]
    lines += ["", f"{'store':<11} {store['path']}"]
    if "error" in store:
        lines.append(f"{'':<11} {store['error']}")
    elif store["exists"]:
        lines.append(f"{'':<11} {_contents(store)}")
    elif store["is_writable"]:
        lines.append(f"{'':<11} not there yet; the first run makes it")
    if not store["is_writable"]:
        lines.append(f"{'':<11} cannot be written to: set AGENTGLASS_HOME to another directory")
    if "fallback" in store:
        other = store["fallback"]
        lines += [f"{'':<11} {other['path']}", f"{'':<11} {_contents(other)}"]
    lines.append("")
    for extra, entry in report["extras"].items():
        missing = [name for name, found in entry["packages"].items() if found is None]
        state = (
            f"missing {', '.join(missing)}: pip install 'agentglass[{extra}]'"
            if missing
            else ", ".join(f"{name} {found}" for name, found in entry["packages"].items())
        )
        lines.append(f"{'[' + extra + ']':<11} {state}")
    return lines


def _contents(store: dict[str, Any]) -> str:
    runs, spans = store["traces"], store["spans"]
    return (
        f"{runs:,} run{'s' * (runs != 1)}, {spans:,} span{'s' * (spans != 1)}, "
        f"{format_bytes(store['size_bytes'])}"
    )
