"""What there is to say about this process."""

import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from agentglass.plugins import importing
from agentglass.spans import Resource

__all__ = ["this_resource"]

_FRAMEWORKS = {
    "anthropic": "anthropic",
    "crewai": "crewai",
    "langchain": "langchain",
    "langchain_core": "langchain-core",
    "langgraph": "langgraph",
    "openai": "openai",
}
"""Module -> distribution: the versions that matter when a trace is read later."""


def this_resource(given: Resource | None = None) -> Resource:
    """Describe this process under OTel resource names; what is given wins."""
    script = os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else "python"
    found = {
        "process.pid": os.getpid(),
        "process.runtime.name": platform.python_implementation().lower(),
        "process.runtime.version": platform.python_version(),
        "host.name": os.uname().nodename,
        "os.type": sys.platform,
        "telemetry.sdk.name": "agentglass",
        "telemetry.sdk.version": _version("agentglass"),
        "vcs.ref.head.revision": _git_revision(),
    }
    for module, distribution in _FRAMEWORKS.items():
        if module in sys.modules:
            found[f"agentglass.framework.{distribution}"] = _version(distribution)
    known = {name: value for name, value in found.items() if value is not None}
    return Resource(
        given.service if given else script, {**known, **(given.attributes if given else {})}
    )


def _version(distribution: str) -> str | None:
    try:
        # It reads a mail header, with modules that it imports only then.
        with importing:
            return version(distribution)
    except PackageNotFoundError:
        return None


def _git_revision() -> str | None:
    """Return the commit that is checked out here; read from files, no git is run."""
    try:
        directory = Path.cwd()
        for place in (directory, *directory.parents):
            git = place / ".git"
            if git.is_dir():
                return _resolve_head(git)
    except OSError:
        return None
    return None


def _resolve_head(git: Path) -> str | None:
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    name = head.removeprefix("ref: ")
    if name == head:
        return head if re.fullmatch(r"[0-9a-f]{40,64}", head) else None
    loose = git / name
    if loose.is_file():
        return loose.read_text(encoding="utf-8").strip()
    packed = git / "packed-refs"
    lines = packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), None)
