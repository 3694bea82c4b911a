"""Load a workflow: read it, check it, and say everything that is wrong with it at once."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentglass.errors import ConfigLoadError, ConfigValidationError, Problem, WorkflowFileError
from agentglass.models.registry import parse_model
from agentglass.workflow.checks import run_checks
from agentglass.workflow.config import WorkflowConfig
from agentglass.workflow.draft import Draft, read_draft
from agentglass.workflow.edges import END
from agentglass.workflow.graph import Graph
from agentglass.workflow.graph_checks import read_graph
from agentglass.workflow.library import Library
from agentglass.workflow.llm_config import LlmConfig
from agentglass.workflow.source import Source, read_source
from agentglass.workflow.workflow import Workflow, WorkflowNode, node_context

__all__ = ["load", "load_config", "load_part", "validate_workflow"]


def load(path: str | Path, *, model: str | None = None) -> Workflow:
    """Load a workflow file.

    Args:
        path: A YAML or JSON file.
        model: `provider/model` for all nodes that ask a model, whatever the file says.

    Raises:
        ConfigLoadError: The file cannot be read.
        ConfigValidationError: It is no workflow; carries every problem that was found.
        OptionError: `model` is not of that form.
    """
    return _load(path, _chosen(model))


def load_part(path: Path, around: Library) -> Workflow:
    """Load the file of a workflow that is a part of another; each file once.

    Args:
        path: A YAML or JSON file.
        around: What the other workflow declares.
    """
    if path not in around.parts:
        around.parts[path] = _load(path, around.chosen, around)
    return around.parts[path]


def _load(path: str | Path, chosen: LlmConfig | None, around: Library | None = None) -> Workflow:
    try:
        source = read_source(path)
    except WorkflowFileError as error:
        raise ConfigLoadError(error.problems) from error
    return _checked(read_draft(source, path=Path(path).resolve(), chosen=chosen, around=around))


def load_config(
    config: Mapping[str, Any], *, directory: str | Path = ".", model: str | None = None
) -> Workflow:
    """Load a workflow from what its file would hold.

    Args:
        config: The sections of a workflow file.
        directory: Where the modules and files are that it names.
        model: `provider/model` for all nodes that ask a model, whatever the config says.

    Raises:
        ConfigValidationError: It is no workflow; carries every problem that was found.
        OptionError: `model` is not of that form.
    """
    path = Path(directory).resolve() / "<config>"
    return _checked(read_draft(Source("", dict(config)), path=path, chosen=_chosen(model)))


def validate_workflow(path: str | Path, *, model: str | None = None) -> list[Problem]:
    """Return everything that is wrong with a workflow file, in the order of its lines."""
    try:
        load(path, model=model)
    except WorkflowFileError as error:
        return list(error.problems)
    return []


def _chosen(model: str | None) -> LlmConfig | None:
    if model is None:
        return None
    provider, name = parse_model(model)
    return LlmConfig(provider=provider, model=name)


def _checked(draft: Draft) -> Workflow:
    run_checks(draft)
    graph = read_graph(draft)
    if draft.problems or draft.root is None:
        raise ConfigValidationError(_sorted(draft.problems))
    return _finish(draft, draft.root, graph)


def _sorted(problems: list[Problem]) -> list[Problem]:
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda problem: (problem.line, problem.column))


def _finish(draft: Draft, root: WorkflowConfig, graph: Graph) -> Workflow:
    fields = {name: field for name, field in draft.fields.items() if field is not None}
    nodes = {node.config.id: node for node in draft.nodes}
    ordered = tuple(
        WorkflowNode(
            nodes[name].config,
            nodes[name].type,
            node_context(nodes[name].config, fields, root.config.execution, draft.library),
        )
        for name in graph.in_order()
    )
    text = json.dumps(draft.source.values, sort_keys=True, default=str)
    return Workflow(
        file=Path(draft.source.file or "<config>"),
        flow=root.flow,
        fields=fields,
        nodes=ordered,
        graph=graph,
        outputs=tuple(root.outputs) or _last_written(graph, ordered),
        config=root.config,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def _last_written(graph: Graph, nodes: tuple[WorkflowNode, ...]) -> tuple[str, ...]:
    """Return the fields that the last nodes write: those that nothing follows."""
    written: dict[str, None] = {}
    for node in nodes:
        if END in graph.targets(node.id):
            written.update(dict.fromkeys(node.config.written_fields()))
    return tuple(written)
