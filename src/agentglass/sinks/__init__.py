"""Destinations of traces, one module each, found by name."""

from collections.abc import Mapping
from typing import Any

from agentglass.errors import OptionError
from agentglass.plugins import load_plugin, plugin_names
from agentglass.sinks.sampling import Sampled
from agentglass.spans import Sink, SinkAddress

__all__ = ["SINKS", "Sampled", "open_sink", "reopen_sink", "sink_names"]

SINKS = {
    "debug_file": "agentglass.sinks.debug_file:DebugFileSink",
    "file": "agentglass.sinks.file:FileSink",
    "http": "agentglass.sinks.http:HttpSink",
}
"""Name in a configuration -> the class; outsiders join through the entry-point group
`agentglass.sinks`."""


def open_sink(name: str, *, sample: Mapping[str, Any] | None = None, **options: Any) -> Sink:
    """Make a sink.

    Args:
        name: A key of `SINKS`, or an entry point.
        sample: The options of `Sampled`, for a sink that gets a part of the traces.
        options: What the sink's constructor takes.

    Raises:
        OptionError: Nobody registered the name.
        MissingExtraError: The sink needs a library that is not installed.
    """
    sink: Sink = load_plugin("sink", name, "agentglass.sinks", SINKS)(**options)
    return sink if sample is None else Sampled(sink, **sample)


def reopen_sink(address: SinkAddress) -> Sink:
    """Make a sink that another program recorded for.

    Raises:
        OptionError: Only that program can open it: it is of the program's own making, or needs
            credentials that are not in an environment variable.
        MissingExtraError: The sink needs a library that is not installed.
    """
    if address.options is None:
        raise OptionError(
            f"The sink {address.kind!r} is an object of the program that records for it. What waits"
            " goes when that program runs again."
        )
    sink = open_sink(address.kind, **address.options)
    opened: SinkAddress | None = getattr(sink, "address", None)
    if address.account and opened is not None and not opened.account:
        raise OptionError(
            f"The sink {address.kind} {address.target} needs headers that its program did not take"
            " from the environment. Name the variables there with `headers_env`, or run it again."
        )
    return sink


def sink_names() -> list[str]:
    """Return the names that `open_sink` takes."""
    return plugin_names("agentglass.sinks", SINKS)
