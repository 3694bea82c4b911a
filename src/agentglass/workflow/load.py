"""Load a workflow file: read it, check it, and say everything that is wrong with it at once."""

from pathlib import Path

from agentglass.errors import Problem, WorkflowFileError
from agentglass.models.registry import parse_model
from agentglass.workflow.checks import run_checks
from agentglass.workflow.config import LlmConfig, WorkflowConfig
from agentglass.workflow.draft import Draft, read_draft
from agentglass.workflow.order import linear_order
from agentglass.workflow.source import read_source
from agentglass.workflow.workflow import Workflow, WorkflowNode, node_context

__all__ = ["load_workflow", "validate_workflow"]


def load_workflow(path: str | Path, *, model: str | None = None) -> Workflow:
    """Load a workflow file.

    Args:
        path: A YAML or JSON file.
        model: `provider/model` for all nodes that ask a model, whatever the file says.

    Raises:
        WorkflowFileError: The file cannot be used; carries every problem that was found.
        OptionError: `model` is not of that form.
    """
    override = None
    if model is not None:
        provider, name = parse_model(model)
        override = LlmConfig(provider=provider, model=name)
    draft = read_draft(read_source(path), override)
    run_checks(draft)
    order = linear_order(draft)
    if draft.problems or draft.root is None:
        raise WorkflowFileError(_sorted(draft.problems))
    return _finish(draft, draft.root, order)


def validate_workflow(path: str | Path, *, model: str | None = None) -> list[Problem]:
    """Return everything that is wrong with a workflow file, in the order of its lines."""
    try:
        load_workflow(path, model=model)
    except WorkflowFileError as error:
        return list(error.problems)
    return []


def _sorted(problems: list[Problem]) -> list[Problem]:
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda problem: (problem.line, problem.column))


def _finish(draft: Draft, root: WorkflowConfig, order: list[str]) -> Workflow:
    fields = {name: field for name, field in draft.fields.items() if field is not None}
    nodes = {node.config.id: node for node in draft.nodes}
    ordered = tuple(
        WorkflowNode(
            nodes[name].config,
            nodes[name].type,
            node_context(nodes[name].config, draft.directory, fields, draft.config, draft.override),
        )
        for name in order
    )
    return Workflow(
        file=Path(draft.source.file),
        flow=root.flow,
        fields=fields,
        nodes=ordered,
        outputs=tuple(root.outputs) or ordered[-1].config.written_fields(),
        config=root.config,
    )
