"""The `workflow` node: runs another workflow file as a part of this run."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from agentglass.errors import InputError, NodeError, WorkflowFileError, did_you_mean
from agentglass.plugins import load_object
from agentglass.workflow.loading import load_part
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import Finding, NodeContext, NodeType, NodeWork, Visit
from agentglass.workflow.templates import render
from agentglass.workflow.workflow import Workflow

__all__ = ["MAX_DEPTH", "NODE_TYPE", "WorkflowNode"]

MAX_DEPTH = 10
"""How deep workflows may call each other."""

_SUFFIXES = (".yaml", ".yml", ".json")


class WorkflowNode(NodeConfig):
    """Runs another workflow; its spans are part of this trace."""

    template_keys: ClassVar[tuple[str, ...]] = ("params",)

    type: Literal["workflow"]
    workflow: str
    """A file, relative to this one; or a name: `<name>.yaml` here or in `workflows/`."""
    params: dict[str, Any] = Field(default_factory=dict)
    """Input of the other workflow -> template."""
    output_mapping: dict[str, str] = Field(default_factory=dict)
    """State field of the other workflow -> state field here; besides `outputs`, of equal names."""

    def written_fields(self) -> tuple[str, ...]:
        """Return the fields that `outputs` and `output_mapping` name."""
        return tuple(dict.fromkeys([*self.outputs, *self.output_mapping.values()]))


def _find(name: str, directory: Path) -> Path | None:
    if name.endswith(_SUFFIXES) or "/" in name:
        path = (directory / name).resolve()
        return path if path.is_file() else None
    places = (directory, directory / "workflows")
    candidates = (place / f"{name}{suffix}" for place in places for suffix in _SUFFIXES)
    return next((path.resolve() for path in candidates if path.is_file()), None)


def _load(config: WorkflowNode, context: NodeContext) -> Workflow:
    path = _find(config.workflow, context.directory)
    assert path is not None
    return load_part(path, context.library)


def _compile(config: WorkflowNode, context: NodeContext) -> NodeWork:
    part = _load(config, context)
    # Loaded when the workflow is compiled: it is validated without LangGraph.
    run_part = load_object("agentglass.workflow.part:run_part", feature="The 'workflow' node")

    async def work(visit: Visit) -> Mapping[str, Any]:
        params = render(config.params, visit.scope, visit.resolutions)
        try:
            state = await run_part(part, params, visit)
        except InputError as error:
            raise NodeError(
                config.id, f"the workflow {part.name!r} cannot begin: {error}"
            ) from error
        wanted = {name: state[name] for name in dict.fromkeys([*part.outputs, *config.outputs])}
        mapped = {here: state[there] for there, here in config.output_mapping.items()}
        return {**wanted, **mapped}

    return work


def _check(config: WorkflowNode, context: NodeContext) -> Iterable[Finding]:
    path = _find(config.workflow, context.directory)
    if path is None:
        message = f"There is no workflow {config.workflow!r} in {str(context.directory)!r}."
        yield Finding(("workflow",), "unknown-workflow", message)
        return
    above = context.library.ancestors
    if path in above:
        way = " > ".join(each.name for each in (*above[above.index(path) :], path))
        message = f"The workflows call each other in a circle: {way}."
        yield Finding(("workflow",), "workflow-cycle", message)
        return
    if len(above) >= MAX_DEPTH:
        message = f"Workflows call each other more than {MAX_DEPTH} deep."
        yield Finding(("workflow",), "workflow-depth", message)
        return
    try:
        part = load_part(path, context.library)
    except WorkflowFileError as error:
        first = error.problems[0]
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        yield Finding(("workflow",), "part", f"The workflow cannot be used: {first}{more}")
        return
    yield from _check_names(config, part)


def _check_names(config: WorkflowNode, part: Workflow) -> Iterable[Finding]:
    fields = part.fields
    named: list[tuple[tuple[str | int, ...], str]] = [
        *((("params", name), name) for name in config.params),
        *((("output_mapping", name), name) for name in config.output_mapping),
        *((("outputs", index), name) for index, name in enumerate(config.outputs)),
    ]
    for path, name in named:
        if name not in fields:
            message = (
                f"The workflow {part.name!r} has no state field {name!r}."
                f"{did_you_mean(name, fields)} State fields: {', '.join(fields) or 'none'}."
            )
            yield Finding(path, "unknown-field", message)
    missing = [
        name for name, field in fields.items() if field.required and name not in config.params
    ]
    if missing:
        message = f"The workflow {part.name!r} needs {', '.join(missing)}; give it in `params`."
        yield Finding(("params",), "missing", message)


def _is_durable(config: WorkflowNode, context: NodeContext) -> bool:
    return _load(config, context).must_be_durable


NODE_TYPE = NodeType(WorkflowNode, _compile, _check, needs_extra="run", is_durable=_is_durable)
