"""What leads from a node to the next: one target, routes, a loop, or several at once."""

from typing import Self

from pydantic import AliasChoices, Field, model_validator

from agentglass.workflow.sections import ConditionText, Section

__all__ = ["END", "START", "EdgeConfig", "LoopConfig", "ParallelItems", "RouteConfig"]

START, END = "START", "END"

_WAYS = ("to", "routes", "loop", "parallel")


class RouteConfig(Section):
    """A target and when it is taken."""

    condition: ConditionText
    """As in `score > 3`."""
    to: str


class LoopConfig(Section):
    """A way back that is taken until the loop is over."""

    to: str | None = None
    """Where the next round begins; the node itself where it is missing."""
    max_iterations: int = Field(default=10, ge=1, le=1000)
    """How often the node runs at most before the loop is left."""
    condition: ConditionText | None = None
    """The loop goes on while it holds."""
    condition_field: str | None = None
    """The loop is over once this state field is true."""
    exit_to: str = Field(validation_alias=AliasChoices("exit_to", "exit"))
    """Where it goes on after the loop."""


class ParallelItems(Section):
    """One node, run at once for each item of a list."""

    items_field: str
    """The state field with the list; the node's templates call an item `{item}`."""
    target_node: str
    """The node that is run."""
    collect_field: str
    """The state field that receives the results, in the order of the items."""
    max_concurrent: int = Field(default=10, ge=1, le=100)
    """How many items at once."""


class EdgeConfig(Section):
    """What follows a node; START and END are the ends. Exactly one way on is named."""

    from_: str = Field(alias="from")
    to: str | None = None
    """The next node."""
    routes: list[RouteConfig] | None = Field(default=None, min_length=1)
    """The first one whose condition holds is taken."""
    default: str | None = None
    """Where it goes on when no route's condition holds."""
    loop: LoopConfig | None = None
    """Goes back until the loop is over."""
    parallel: list[str] | ParallelItems | None = None
    """The first nodes of branches that run at once, and meet again where they lead to."""

    @model_validator(mode="after")
    def _check_one_way(self) -> Self:
        given = [name for name in _WAYS if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(repr(name) for name in given) or "none of them"
            raise ValueError(f"exactly one of {', '.join(_WAYS)}; there is {found}")
        if self.default is not None and self.routes is None:
            raise ValueError("'default' together with 'routes' only")
        if isinstance(self.parallel, list) and len(set(self.parallel)) < max(2, len(self.parallel)):
            raise ValueError("at least two different nodes in 'parallel'")
        return self

    def targets(self) -> tuple[str, ...]:
        """Return every node that may come next, each once."""
        named = [self.to, self.default, *(route.to for route in self.routes or ())]
        if self.loop is not None:
            named += [self.loop.to or self.from_, self.loop.exit_to]
        if isinstance(self.parallel, ParallelItems):
            named.append(self.parallel.target_node)
        elif self.parallel is not None:
            named += self.parallel
        return tuple(dict.fromkeys(name for name in named if name is not None))

    def conditions(self) -> list[str]:
        """Return the conditions of its routes and its loop."""
        loop = () if self.loop is None else (self.loop.condition, self.loop.condition_field)
        return [
            *(route.condition for route in self.routes or ()),
            *(text for text in loop if text is not None),
        ]
