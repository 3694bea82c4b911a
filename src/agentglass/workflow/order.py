"""The order of a workflow's nodes, from its edges."""

from agentglass.errors import did_you_mean
from agentglass.workflow.checks import END, START
from agentglass.workflow.draft import Draft
from agentglass.workflow.source import ValuePath

__all__ = ["linear_order"]


def linear_order(draft: Draft) -> list[str]:
    """Return the ids of the nodes in the order in which they run, and note what is wrong.

    Without edges the nodes run in the order in which they stand in the file.
    """
    names_are_known = _check_names(draft)
    if not draft.edges or len(draft.edges) < draft.edge_count or not names_are_known:
        return draft.node_ids
    follows = _successors(draft)
    if START not in follows:
        draft.add(("edges",), "no-start", f"No edge leaves {START}. Add one to the first node.")
        return draft.node_ids
    order = _walk(draft, follows)
    for index, name in enumerate(draft.node_ids):
        if name not in order:
            message = f"The node {name!r} is never reached from {START}."
            draft.add(("nodes", index, "id"), "unreachable", message)
    return order


def _check_names(draft: Draft) -> bool:
    before = len(draft.problems)
    known = draft.node_ids
    for index, edge in draft.edges.items():
        for key, name, end in (("from", edge.from_, START), ("to", edge.to, END)):
            if name != end and name not in known:
                message = (
                    f"This edge names the unknown node {name!r}."
                    f"{did_you_mean(name, [*known, end])} Nodes: {', '.join(known)}."
                )
                draft.add(("edges", index, key), "unknown-node", message)
    return len(draft.problems) == before


def _successors(draft: Draft) -> dict[str, tuple[str, int]]:
    follows: dict[str, tuple[str, int]] = {}
    for index, edge in draft.edges.items():
        if edge.from_ in follows:
            message = (
                f"A second edge leaves {edge.from_!r}; the first one goes to "
                f"{follows[edge.from_][0]!r}. Workflows are linear in this version."
            )
            draft.add(("edges", index), "second-edge", message)
        follows.setdefault(edge.from_, (edge.to, index))
    return follows


def _walk(draft: Draft, follows: dict[str, tuple[str, int]]) -> list[str]:
    order: list[str] = []
    name = START
    while name in follows:
        name, index = follows[name]
        if name == END:
            return order
        if name in order:
            message = f"The edge to {name!r} makes a cycle. Workflows are linear in this version."
            draft.add(("edges", index, "to"), "cycle", message)
            return order
        order.append(name)
    if order:
        at: ValuePath = ("nodes", draft.node_ids.index(order[-1]), "id")
        draft.add(at, "no-end", f"No edge leads on from {order[-1]!r}. Add one to {END}.")
    return order
