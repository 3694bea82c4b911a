"""Makes small workflows for the tests of control flow: nodes that note that they have run."""

from agentglass.testing import capture
from agentglass.workflow import execute, load_config


def make(nodes, edges, fields=None, **sections):
    """Return a config whose nodes append their own id to `log`, or are given as mappings."""
    made = [
        {"id": node, "type": "set", "values": {"log": [node]}} if isinstance(node, str) else node
        for node in nodes
    ]
    log = {"type": "list[str]", "reducer": "append"}
    return {
        "schema_version": "1.0",
        "flow": {"name": "flow"},
        "state": {"fields": {"log": log, **(fields or {})}},
        "nodes": made,
        "edges": edges,
        "outputs": ["log"],
        **sections,
    }


def edge(source, to, **more):
    return {"from": source, "to": to, **more}


def run(config, inputs=None):
    with capture() as recorded:
        result = execute(load_config(config), inputs)
    return result, recorded


def events(recorded, name):
    return [event.attributes for event in recorded.span("flow").events if event.name == name]
