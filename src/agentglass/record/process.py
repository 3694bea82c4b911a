"""What there is to say about this process."""

import os
import platform
import socket
import sys
from importlib.metadata import PackageNotFoundError, version

from agentglass.spans import Resource

__all__ = ["this_resource"]


def this_resource(given: Resource | None = None) -> Resource:
    """Describe this process under OTel resource names; what is given wins."""
    script = os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else "python"
    return Resource(
        given.service if given else script,
        {
            "process.pid": os.getpid(),
            "process.runtime.name": platform.python_implementation().lower(),
            "process.runtime.version": platform.python_version(),
            "host.name": socket.gethostname(),
            "os.type": sys.platform,
            "telemetry.sdk.name": "agentglass",
            "telemetry.sdk.version": _own_version(),
            **(given.attributes if given else {}),
        },
    )


def _own_version() -> str:
    try:
        return version("agentglass")
    except PackageNotFoundError:
        return "unknown"
