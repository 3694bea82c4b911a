"""A workflow file on its way to a workflow: what could be read of it, section by section."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from agentglass.errors import MissingExtraError, OptionError, Problem, did_you_mean
from agentglass.workflow.agent_config import AgentConfig, TeamConfig, ToolConfig
from agentglass.workflow.config import ConfigSection, WorkflowConfig
from agentglass.workflow.edges import EdgeConfig, ParallelItems
from agentglass.workflow.field_config import FieldConfig
from agentglass.workflow.field_types import TypeTextError
from agentglass.workflow.library import Library
from agentglass.workflow.llm_config import LlmConfig
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import NodeType, load_node_type, node_type_names
from agentglass.workflow.problems import problems_of
from agentglass.workflow.source import Source, ValuePath
from agentglass.workflow.state import StateField

__all__ = ["Draft", "DraftNode", "read_draft"]

_M = TypeVar("_M", bound=BaseModel)

_SALVAGE_ROUNDS = 3

MAX_NODES = 2000
"""More nodes than that are made by a program, which can make several files or a `map`."""


_ONCE = ("when", "on_error", "attributes")
"""What a node says of its work for all items together, where an edge runs it for each item."""

_NOT_FOR_ITEMS = (*_ONCE, "id", "title", "outputs")


@dataclass(frozen=True, slots=True)
class DraftNode:
    """A node that could be read, if not all of its keys."""

    index: int
    config: NodeConfig
    type: NodeType
    is_whole: bool
    """Whether all of its keys could be read."""


@dataclass(slots=True)
class Draft:
    """The readable parts of a file, and everything found wrong so far."""

    source: Source
    library: Library
    """What the nodes can refer to by name."""
    problems: list[Problem] = field(default_factory=list)
    root: WorkflowConfig | None = None
    """None when a section of the file could not be read."""
    config: ConfigSection = field(default_factory=ConfigSection)
    fields: dict[str, StateField | None] = field(default_factory=dict)
    """By name; None where the field could not be read."""
    nodes: list[DraftNode] = field(default_factory=list)
    node_ids: list[str] = field(default_factory=list)
    """Of all nodes, also of those that could not be read."""
    edges: dict[int, EdgeConfig] = field(default_factory=dict)
    """Those that could be read, by their place in the file."""
    edge_count: int = 0
    """Of all edges."""

    def add(self, path: ValuePath, code: str, message: str, *, at_key: bool = False) -> None:
        """Note a problem."""
        self.problems.append(self.source.problem(path, code, message, at_key=at_key))


def read_draft(
    source: Source,
    *,
    path: Path,
    chosen: LlmConfig | None = None,
    around: Library | None = None,
) -> Draft:
    """Read the sections of a file.

    Args:
        source: What stands in it.
        path: Where it is; what it names is looked up beside it.
        chosen: The model that the caller chose; wins over the file.
        around: What the workflow declares that this one is a part of.
    """
    config = _salvage(ConfigSection, source.values.get("config")) or ConfigSection()
    library = Library(
        directory=path.parent,
        tools=_read_named(source, "tools", ToolConfig, "callable"),
        agents=_read_named(source, "agents", AgentConfig),
        teams=_read_named(source, "teams", TeamConfig),
        llm=config.llm,
        chosen=chosen,
        ancestors=(path,) if around is None else (*around.ancestors, path),
        parts={} if around is None else around.parts,
    )
    draft = Draft(source, library, problems=list(source.problems), config=config)
    draft.root = _read(draft, WorkflowConfig, source.values, ())
    draft.fields = dict(_read_fields(draft))
    _read_edges(draft)
    _read_nodes(draft)
    return draft


def _read_named(
    source: Source, section: str, model: type[_M], short_key: str | None = None
) -> dict[str, _M]:
    """Read what can be read of a section that holds things by name."""
    values = source.values.get(section)
    read = {}
    for name, value in (values if isinstance(values, Mapping) else {}).items():
        is_short = short_key is not None and isinstance(value, str)
        read[name] = _salvage(model, {short_key: value} if is_short else value)
    return {name: value for name, value in read.items() if value is not None}


def _read_nodes(draft: Draft) -> None:
    found = draft.source.values.get("nodes")
    nodes = found if isinstance(found, list) else []
    each = {
        edge.parallel.target_node: edge.parallel
        for edge in draft.edges.values()
        if isinstance(edge.parallel, ParallelItems)
    }
    for index, value in enumerate(nodes):
        if index == MAX_NODES:
            message = (
                f"There are {len(nodes)} nodes; a workflow has at most {MAX_NODES}. "
                "Repeat work with a `map` or a `loop`, or call other workflows."
            )
            draft.add(("nodes", index), "too-many-nodes", message)
            return
        if isinstance(value, Mapping):
            name = str(value.get("id", ""))
            draft.node_ids.append(name)
            items = each.get(name)
            _read_node(draft, index, value if items is None else _as_map(value, items))


def _as_map(node: Mapping[str, Any], items: ParallelItems) -> Mapping[str, Any]:
    """Return a node that an edge runs for each item of a list as the `map` that it then is."""
    return {
        "id": node["id"],
        "type": "map",
        "title": node.get("title"),
        "items": f"{{{items.items_field}}}",
        "parallel": True,
        "max_concurrent": items.max_concurrent,
        "outputs": [items.collect_field],
        **{key: node[key] for key in _ONCE if key in node},
        "do": {key: value for key, value in node.items() if key not in _NOT_FOR_ITEMS},
    }


def _read_fields(draft: Draft) -> Iterator[tuple[str, StateField | None]]:
    state = draft.source.values.get("state")
    fields = state.get("fields") if isinstance(state, Mapping) else None
    for name, value in (fields if isinstance(fields, Mapping) else {}).items():
        config = _salvage(FieldConfig, {"type": value} if isinstance(value, str) else value)
        yield name, None if config is None else _state_field(draft, name, config)


def _state_field(draft: Draft, name: str, config: FieldConfig) -> StateField | None:
    try:
        type_ = config.field_type()
    except TypeTextError as error:
        draft.add(("state", "fields", name, "type"), "type", str(error))
        return None
    return StateField(
        name, type_, config.required, config.default, config.description, config.reducer
    )


def _read_edges(draft: Draft) -> None:
    edges = draft.source.values.get("edges")
    for index, value in enumerate(edges if isinstance(edges, list) else ()):
        draft.edge_count += 1
        edge = _salvage(EdgeConfig, value)
        if edge is not None:
            draft.edges[index] = edge


def _read_node(draft: Draft, index: int, value: Mapping[str, Any]) -> None:
    at: ValuePath = ("nodes", index)
    name = value.get("type", "llm" if "prompt" in value else None)
    if not isinstance(name, str):
        known = ", ".join(node_type_names())
        message = f"This node has no type. Types: {known}; with a `prompt`, 'llm'."
        draft.add((*at, "type"), "missing", message)
        return
    try:
        node_type = load_node_type(name)
    except MissingExtraError as error:
        draft.add((*at, "type"), "missing-extra", str(error))
        return
    except OptionError:
        types = node_type_names()
        hint = did_you_mean(name, types)
        message = f"Unknown node type {name!r}.{hint} Types: {', '.join(types)}."
        draft.add((*at, "type"), "unknown-type", message)
        return
    except Exception as error:  # noqa: BLE001 - another package's module, while it is imported
        message = f"The node type {name!r} cannot be loaded: {type(error).__name__}: {error}"
        draft.add((*at, "type"), "broken-type", message)
        return
    typed = {**value, "type": name}
    whole = _read(draft, node_type.config_model, typed, at)
    config = whole or _salvage(node_type.config_model, typed)
    if config is not None:
        draft.nodes.append(DraftNode(index, config, node_type, is_whole=whole is not None))


def _read(draft: Draft, model: type[_M], value: Any, at: ValuePath) -> _M | None:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        draft.problems.extend(_news(draft.source, problems_of(error, model, draft.source, at)))
        return None


def _salvage(model: type[_M], value: Any) -> _M | None:
    """Read what can be read of a section whose problems are noted elsewhere."""
    for _ in range(_SALVAGE_ROUNDS):
        try:
            return model.model_validate(value)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                is_missing = detail["type"] == "missing"
                value = _without(value, detail["loc"][:-1] if is_missing else detail["loc"])
    return None


def _without(value: Any, loc: tuple[int | str, ...]) -> Any:
    """Return a value without what stands at a place; of a list, without the whole list."""
    if not loc or not isinstance(value, Mapping) or loc[0] not in value:
        return value
    key, *below = loc
    if not below or isinstance(below[0], int) or not isinstance(value[key], Mapping):
        return {name: item for name, item in value.items() if name != key}
    return {**value, key: _without(value[key], tuple(below))}


def _news(source: Source, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Leave out what follows from a word that could not be read in the first place."""
    unread = {(problem.line, problem.column) for problem in source.problems}
    return (problem for problem in problems if (problem.line, problem.column) not in unread)
