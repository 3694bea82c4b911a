"""What the nodes of one run share: its steps, what failed, what it waits for, open providers."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from agentglass.errors import NodeError
from agentglass.models.port import ChatProvider, ProviderSettings
from agentglass.models.registry import open_provider
from agentglass.record import add_event
from agentglass.spans import Status, Usage
from agentglass.workflow.signs_of_life import keep_alive
from agentglass.workflow.state import StateField
from agentglass.workflow.state_db import StateDb, state_db_path

__all__ = [
    "Listener",
    "ModelCall",
    "NodeFailure",
    "Question",
    "RunScope",
    "Step",
    "current_run",
]

Listener = Callable[[Mapping[str, Any]], None]
"""Receives what happens in a run, as JSON values."""


@dataclass(frozen=True, slots=True)
class ModelCall:
    """What one answered model call used."""

    provider: str
    model: str
    """The model that answered, by its own account."""
    usage: Usage | None
    """None when the provider gave no counts."""
    cost_usd: Decimal | None
    """What the provider says that it cost; None when it does not say."""


@dataclass(frozen=True, slots=True)
class Step:
    """One time that a node ran."""

    node_id: str
    status: Status
    duration_ms: float
    calls: tuple[ModelCall, ...] = ()
    """The model calls that the node itself made, and those below it."""


@dataclass(frozen=True, slots=True)
class NodeFailure:
    """A node that failed and was allowed to."""

    node_id: str
    error: BaseException

    def to_dict(self) -> dict[str, Any]:
        """Return what a state field or a file keeps of it."""
        return {
            "node": self.node_id,
            "type": type(self.error).__name__,
            "message": str(self.error),
        }

    def value_for(self, field: StateField) -> Any:
        """Return it as a field can hold it: `{node, type, message}`, or its text."""
        facts = self.to_dict()
        return facts if field.mismatch(facts) is None else facts["message"] or facts["type"]


@dataclass(frozen=True, slots=True)
class Question:
    """What a run waits for somebody to answer."""

    node_id: str
    prompt: str
    choices: tuple[str, ...] = ()
    """The answers that are possible; any where it is empty."""
    schema: Mapping[str, Any] | None = None
    """JSON Schema of the answer; None where it is text."""
    deadline: float | None = None
    """Unix seconds after which the default is taken; None waits for ever."""
    has_default: bool = False
    id: str = ""
    """Of the interrupt in the graph."""
    ticket: Mapping[str, Any] | None = None
    """What the record of the answer needs; see `record.open_interrupt`."""

    def asked(self, id: str, ticket: Mapping[str, Any] | None) -> "Question":
        """Return the question once it is asked."""
        return replace(self, id=id, ticket=ticket)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {**asdict(self), "choices": list(self.choices)}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Question":
        """Read what `to_dict` gave."""
        return cls(**{**record, "choices": tuple(record["choices"])})


class RunScope:
    """Lives as long as one run, or one sub-workflow in it; works at every level, `off` included.

    Args:
        workflow_name: Whose run it is.
        run_id: Which run; None where it cannot go on in another process.
        max_steps: How many times nodes may run.
        above: The run that this one is a part of.
        path: The steps that lead to it there, as `/review/3`.
        listener: Told what happens.
        redo: Nodes that may be done again though nobody knows how they ended.
        asked_before: The questions that were open when the run went on, by the id of the interrupt.
    """

    def __init__(
        self,
        workflow_name: str = "",
        *,
        run_id: str | None = None,
        max_steps: int = 1000,
        above: "RunScope | None" = None,
        path: str = "",
        listener: Listener | None = None,
        redo: frozenset[str] = frozenset(),
        asked_before: Mapping[str, Question] | None = None,
    ) -> None:
        self.workflow_name = workflow_name
        self.run_id = run_id
        self.above = above
        self.path = path
        self.redo: frozenset[str] = redo if above is None else above.redo
        self.asked_before: Mapping[str, Question] = (
            (asked_before or {}) if above is None else above.asked_before
        )
        self.steps: list[Step] = []
        self.active: list[str] = []
        """The nodes that are running."""
        self.failed_node: str | None = None
        self.is_exhausted = False
        """Whether it has taken all of its steps; no `on_error` lets it go on then."""
        self.failures: list[NodeFailure] = []
        self.updates: list[Mapping[str, Any]] = []
        """What nodes wrote, in the order in which they ended."""
        self.returned: dict[str, Any] = {}
        """What nodes returned that some `${...}` names, until it is part of the state."""
        self.questions: list[Question] = [] if above is None else above.questions
        """What the whole run waits for."""
        self._max_steps = max_steps
        self._listener: Listener | None = listener if above is None else above._listener
        self._providers: dict[str, ChatProvider] = {} if above is None else above._providers
        self._state_db: StateDb | None = None
        self._opening = asyncio.Lock()

    @property
    def depth(self) -> int:
        """How many runs this one is a part of."""
        return 0 if self.above is None else self.above.depth + 1

    async def open_state_db(self) -> StateDb:
        """Return the ledger and the cache, opened on first use.

        In a thread: a checkpointer may hold the lock of the file until the event loop turns again.

        Raises:
            StoreError: The file cannot be used.
        """
        if self.above is not None:
            return await self.above.open_state_db()
        async with self._opening:
            if self._state_db is None:
                self._state_db = await asyncio.to_thread(StateDb, state_db_path())
        return self._state_db

    def provider(self, name: str, settings: ProviderSettings) -> ChatProvider:
        """Return the provider with these settings, opened once per run.

        Raises:
            OptionError: Nobody registered the name, or a setting cannot be used.
            MissingExtraError: The provider's library is not installed.
        """
        options = json.dumps(dict(settings.options), sort_keys=True, default=repr)
        key = f"{name} {settings!r} {options}"
        if key not in self._providers:
            self._providers[key] = open_provider(name, settings)
        return self._providers[key]

    def enter(self, node_id: str) -> None:
        """Note that a node begins.

        Raises:
            NodeError: The nodes of this run have run too often.
        """
        if len(self.steps) + len(self.active) >= self._max_steps:
            self.is_exhausted = True
            self.failed_node = node_id
            raise NodeError(
                node_id,
                f"the run has taken {self._max_steps} steps and goes on. If it is right, raise "
                "config.execution.max_steps; otherwise look for a cycle that no route leaves.",
            )
        self.active.append(node_id)
        self.emit("node_started", node=node_id)

    def leave(self, step: Step, error: BaseException | None) -> None:
        """Note that a node has ended."""
        self.active.remove(step.node_id)
        self.steps.append(step)
        keep_alive()
        self.emit(
            "node_ended",
            node=step.node_id,
            status=str(step.status),
            duration_ms=round(step.duration_ms, 3),
            error=None if error is None else f"{type(error).__name__}: {error}",
        )

    def forgive(self, failure: NodeFailure) -> None:
        """Note that a node failed and the run goes on."""
        self.failures.append(failure)
        self.failed_node = None
        add_event("node.failed", failure.to_dict())

    def emit(self, event: str, **facts: Any) -> None:
        """Tell the listener what happens."""
        if self._listener is None:
            return
        scope, nested = self, []
        while scope.above is not None:
            nested.append(scope.workflow_name)
            scope = scope.above
        within = {"within": nested[::-1]} if nested else {}
        self._listener({"event": event, **within, **facts})

    async def aclose(self) -> None:
        """Close the providers and `state.db`."""
        for provider in self._providers.values():
            await provider.aclose()
        if self._state_db is not None:
            self._state_db.close()


current_run: ContextVar[RunScope] = ContextVar("agentglass_workflow_run")
"""The run that a node belongs to; set around the graph."""
