"""What must hold between the sections of a workflow file: names, types, templates."""

from collections.abc import Callable, Iterable, Mapping

from agentglass.errors import did_you_mean
from agentglass.workflow.conditions import CONSTANTS, ConditionError, parse_condition
from agentglass.workflow.draft import Draft, DraftNode
from agentglass.workflow.edges import END, START, ParallelItems
from agentglass.workflow.field_types import FieldType
from agentglass.workflow.library_checks import check_library
from agentglass.workflow.node_types import missing_extra
from agentglass.workflow.source import ValuePath
from agentglass.workflow.state import StateField
from agentglass.workflow.templates import STATE, Expression, templates_in
from agentglass.workflow.workflow import node_context

__all__ = ["run_checks"]

_REDUCIBLE: Mapping[str, tuple[str, ...]] = {
    "append": ("list",),
    "merge": ("dict", "object"),
    "sum": ("int", "float"),
    "max": ("int", "float", "str"),
}


def run_checks(draft: Draft) -> None:
    """Note everything that does not fit together, besides the edges."""
    checks: tuple[Callable[[Draft], None], ...] = (
        _check_fields,
        _check_node_ids,
        check_library,
        _check_nodes,
        _check_edges,
        _check_result,
        _check_observability,
    )
    for check in checks:
        check(draft)


def _check_fields(draft: Draft) -> None:
    for name, field in draft.fields.items():
        at: ValuePath = ("state", "fields", name)
        if not name.isidentifier() or name.startswith("__") or name == STATE:
            message = (
                f"{name!r} cannot be the name of a state field. "
                f"Expected: letters, digits and '_', not {STATE!r}."
            )
            draft.add(at, "name", message, at_key=True)
        if field is not None:
            _check_field(draft, at, field)


def _check_field(draft: Draft, at: ValuePath, field: StateField) -> None:
    if field.required and field.default is not None:
        message = f"The field {field.name!r} is required, so its default would never be used."
        draft.add((*at, "default"), "default", message, at_key=True)
    elif field.default is not None:
        mismatch = field.type.mismatch(field.default)
        if mismatch:
            message = f"The default of {field.name!r} does not fit: {mismatch}."
            draft.add((*at, "default"), "type", message)
    kinds = _REDUCIBLE.get(field.reducer, (field.type.kind,))
    if field.type.kind not in kinds:
        message = f"The reducer {field.reducer!r} joins {' or '.join(kinds)}, not {field.type}."
        draft.add((*at, "reducer"), "reducer", message)


def _check_node_ids(draft: Draft) -> None:
    nodes = draft.source.values.get("nodes")
    seen: dict[str, int] = {}
    for index, node in enumerate(nodes if isinstance(nodes, list) else ()):
        name = node.get("id") if isinstance(node, Mapping) else None
        if not isinstance(name, str):
            continue
        at: ValuePath = ("nodes", index, "id")
        if not name.isidentifier() or name in (START, END) or name.startswith("__"):
            message = (
                f"{name!r} cannot be the id of a node. "
                f"Expected: letters, digits and '_', not {START} or {END}."
            )
            draft.add(at, "name", message)
        elif name in seen:
            line = draft.source.values_at[("nodes", seen[name], "id")].line
            message = f"The id {name!r} is here twice; the first one is in line {line}."
            draft.add(at, "duplicate-id", message)
        seen.setdefault(name, index)


def _check_nodes(draft: Draft) -> None:
    fields = {name: field for name, field in draft.fields.items() if field is not None}
    for node in draft.nodes:
        _check_outputs(draft, node)
        _check_templates(draft, node)
        if not node.is_whole:
            continue
        absent = missing_extra(node.config.type, node.type)
        if absent is not None:
            draft.add(("nodes", node.index, "type"), "missing-extra", str(absent))
        context = node_context(node.config, fields, draft.config.execution, draft.library)
        for finding in node.type.check(node.config, context):
            draft.add(_place(draft, node, finding.path), finding.code, finding.message)


def _place(draft: Draft, node: DraftNode, path: ValuePath) -> ValuePath:
    """Return where a node's setting stands; what a node does not say, the whole workflow may."""
    own: ValuePath = ("nodes", node.index, *path)
    shared: ValuePath = ("config", *path)
    known = draft.source.values_at
    return shared if own not in known and shared in known else own


def _check_outputs(draft: Draft, node: DraftNode) -> None:
    is_listed = bool(node.config.outputs)
    _check_into(draft, node)
    for index, name in enumerate(node.config.written_fields()):
        at: ValuePath = ("outputs", index) if is_listed else ("values", name)
        _check_field_name(draft, ("nodes", node.index, *at), name, at_key=not is_listed)
        if name in node.config.outputs[:index]:
            message = f"The output {name!r} is here twice."
            draft.add(("nodes", node.index, *at), "duplicate-output", message)


def _check_into(draft: Draft, node: DraftNode) -> None:
    into = node.config.on_error.into
    if into is None:
        return
    at: ValuePath = ("nodes", node.index, "on_error", "into")
    _check_field_name(draft, at, into)
    field = draft.fields.get(into)
    facts = {"node": "", "type": "", "message": ""}
    if field is not None and field.mismatch(facts) and field.mismatch(""):
        message = (
            f"The state field {into!r} is {field.type}. What failed is a text, or "
            "{node, type, message}: give the field the type str or dict."
        )
        draft.add(at, "type", message)


def _check_result(draft: Draft) -> None:
    outputs = draft.source.values.get("outputs")
    for index, name in enumerate(outputs if isinstance(outputs, list) else ()):
        if isinstance(name, str):
            _check_field_name(draft, ("outputs", index), name)


def _check_field_name(draft: Draft, at: ValuePath, name: str, *, at_key: bool = False) -> None:
    if name not in draft.fields:
        message = (
            f"There is no state field {name!r}.{did_you_mean(name, draft.fields)} "
            f"State fields: {', '.join(draft.fields) or 'none'}."
        )
        draft.add(at, "unknown-field", message, at_key=at_key)


def _check_templates(draft: Draft, node: DraftNode) -> None:
    for text in node.config.templates():
        for path, expression in templates_in(text.value):
            problem = _path_problem(draft, expression, text.names, "template")
            if problem:
                draft.add(("nodes", node.index, *text.path, *path), "template", problem)
    for text in node.config.conditions():
        _check_condition(draft, ("nodes", node.index, *text.path), text.value, text.names)


def _check_condition(draft: Draft, at: ValuePath, text: str, names: Iterable[str] = ()) -> None:
    try:
        condition = parse_condition(text)
    except ConditionError as error:
        draft.add(at, "condition", str(error))
        return
    for path in condition.paths.values():
        is_constant = path.text in CONSTANTS and path.text not in draft.fields
        problem = None if is_constant else _path_problem(draft, path, names, "path")
        if problem:
            draft.add(at, "condition", problem)


def _check_edges(draft: Draft) -> None:
    for index, edge in draft.edges.items():
        at: ValuePath = ("edges", index)
        for number, route in enumerate(edge.routes or ()):
            _check_condition(draft, (*at, "routes", number, "condition"), route.condition)
        if edge.loop is not None:
            for key in ("condition", "condition_field"):
                text = getattr(edge.loop, key)
                if text is not None:
                    _check_condition(draft, (*at, "loop", key), text)
        if isinstance(edge.parallel, ParallelItems):
            for key in ("items_field", "collect_field"):
                name = getattr(edge.parallel, key)
                _check_field_name(draft, (*at, "parallel", key), name)


def _path_problem(
    draft: Draft, expression: Expression, names: Iterable[str], what: str
) -> str | None:
    root, *steps = expression.root, *expression.steps[1:]
    if root in names or (expression.names_nodes and root in draft.node_ids):
        return None
    known = [*names, *(draft.node_ids if expression.names_nodes else ()), *draft.fields]
    if root == STATE:
        if not steps:
            return None
        root, *steps = str(steps[0]), *steps[1:]
        known = list(draft.fields)
    if root not in draft.fields:
        nor = ", a node" if expression.names_nodes else ""
        return (
            f"The {what} {expression.text!r} names {root!r}, which is neither an input of the "
            f"node{nor} nor a state field.{did_you_mean(str(root), known)} "
            f"Known: {', '.join(known[:30]) or 'nothing'}."
        )
    field = draft.fields[str(root)]
    reason = None if field is None else _walk(field.type, str(root), steps)
    return f"The {what} {expression.text!r} leads nowhere: {reason}" if reason else None


def _walk(type_: FieldType | None, name: str, steps: list[str | int]) -> str | None:
    """Follow a path through a type; returns why it ends, or None."""
    for step in steps:
        if type_ is None:
            return None
        wanted = ("list",) if isinstance(step, int) else ("dict", "object")
        if type_.kind not in wanted:
            return f"{name!r} is {type_}."
        if type_.members and step not in type_.members:
            hint = did_you_mean(str(step), type_.members)
            return f"{name!r} has no {step!r}.{hint} It has: {', '.join(type_.members)}."
        type_ = type_.members[str(step)] if type_.members else type_.item
        name = f"{name}[{step}]" if isinstance(step, int) else f"{name}.{step}"
    return None


def _check_observability(draft: Draft) -> None:
    if draft.config.observability.mlflow.enabled:
        message = (
            "The MLflow sink is not part of this version. Write `enabled: false`; "
            "runs are recorded in the local store."
        )
        at: ValuePath = ("config", "observability", "mlflow", "enabled")
        draft.add(at, "unsupported", message)
