"""`Tracer`: an agent of any make says step by step what it does."""

import uuid
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from logging import getLogger
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from pydantic import ValidationError

from agentglass.errors import StepValidationError, TracerError
from agentglass.steps.faults import describe_faults
from agentglass.steps.files import whole_file
from agentglass.steps.ledger import Ledger
from agentglass.steps.run import TraceRun
from agentglass.steps.step_methods import Place, StepMethods
from agentglass.steps.steps import BaseStep
from agentglass.steps.types import AgentInfo, TaskInfo

__all__ = ["AsyncTracer", "Tracer"]

R = TypeVar("R")

_logger = getLogger("agentglass")
_nested: ContextVar[Mapping[int, str] | None] = ContextVar("agentglass_nested", default=None)
"""Tracer -> the step that is the parent of those that name none, in this task or thread."""


class _Tracer(StepMethods[R], Generic[R]):
    """What both kinds of tracer are.

    Args:
        agent_info: Who runs: its name, or `AgentInfo`, or the same as a mapping.
        task_info: What it is to do.
        output_path: Where the run is saved when it ends: a file, or a directory, in which it becomes
            `trace-{run_id}.json`.
        auto_timestamps: Whether steps that name no time have just ended.
        run_id: A UUID of version 4; None makes one.

    Raises:
        StepValidationError: What was said of the agent or the task does not fit.
    """

    def __init__(
        self,
        agent_info: AgentInfo | Mapping[str, Any] | str,
        task_info: TaskInfo | Mapping[str, Any] | None = None,
        output_path: str | Path | None = None,
        auto_timestamps: bool = True,
        run_id: str | None = None,
    ) -> None:
        self.output_path = None if output_path is None else Path(output_path)
        agent = {"name": agent_info} if isinstance(agent_info, str) else agent_info
        record = {
            "run_id": run_id or str(uuid.uuid4()),
            "started_at": 0,
            "agent_info": agent,
            "task_info": task_info,
            "steps": [],
        }
        try:
            run = TraceRun.model_validate(record)
        except ValidationError as error:
            raise StepValidationError(describe_faults(error, lambda _: None)) from error
        self._ledger = Ledger(run, auto_timestamps=auto_timestamps)

    @property
    def run_id(self) -> str:
        """The UUID of the run."""
        return self._ledger.run.run_id

    @contextmanager
    def nested(self, parent_step_id: str) -> Iterator[Self]:
        """Make a step the parent of those in the block that name none.

        Other threads and tasks are not affected; tasks that are started within are.
        """
        token = _nested.set({**(_nested.get() or {}), id(self): parent_step_id})
        try:
            yield self
        finally:
            _nested.reset(token)

    # -- reading -------------------------------------------------------------------------------

    def get_trace(self) -> TraceRun:
        """Return the run as it is now, without secrets; later steps do not change it."""
        return self._ledger.copy()

    def to_json(self, indent: int | None = None, exclude_none: bool = True) -> str:
        """Return the run as JSON; see `TraceRun.to_json`."""
        return self._ledger.to_json(indent, exclude_none)

    def save(self, path: str | Path | None = None) -> Path:
        """Write the run to a file, which is there whole or not at all.

        Args:
            path: A file, or a directory; None takes `output_path`.

        Returns:
            The file.

        Raises:
            TracerError: There is neither a path nor an `output_path`, or it cannot be written.
        """
        wanted = self.output_path if path is None else Path(path)
        if wanted is None:
            raise TracerError("There is no place to save to. Give `save` a path, or `output_path`.")
        is_directory = wanted.is_dir() or wanted.suffix == ""
        file = wanted / f"trace-{self.run_id}.json" if is_directory else wanted
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with whole_file(file) as out:
                out.write(self.to_json(indent=2).encode("utf-8"))
        except OSError as error:
            raise TracerError(
                f"The run cannot be saved to {str(file)!r}: {error.strerror or error}."
                " Choose another path."
            ) from error
        return file

    # -- inside --------------------------------------------------------------------------------

    def _keep(self, step: type[BaseStep], fields: dict[str, Any], place: Place) -> str:
        if place.parent_step_id is None:
            place = replace(place, parent_step_id=(_nested.get() or {}).get(id(self)))
        return self._ledger.record(step, fields, place)

    def _begin(self) -> Self:
        self._ledger.begin()
        return self

    def _end(self, error: BaseException | None) -> None:
        self._ledger.end(error)
        if self.output_path is not None:
            try:
                self.save()
            except TracerError as problem:
                # An agent that has done its work does not fail for its record.
                _logger.warning("%s", problem)


class Tracer(_Tracer[str]):
    """Records a run step by step.

        with Tracer.run("librarian") as tracer:
            call = tracer.llm_call("gpt-4o", "The oldest book?", "Look into the catalogue.")
            tracer.tool_call("catalogue", {"sort": "year"}, ["A herbal"], parent_step_id=call)

    The steps are spans of the recorder that applies here, too. An exception that leaves the block
    makes the run a failed one, and goes on.
    """

    @classmethod
    def run(
        cls,
        agent_info: AgentInfo | Mapping[str, Any] | str,
        task_info: TaskInfo | Mapping[str, Any] | None = None,
        output_path: str | Path | None = None,
        auto_timestamps: bool = True,
        run_id: str | None = None,
    ) -> Self:
        """Return a tracer to be used in a `with`; the arguments are those of `Tracer`."""
        return cls(agent_info, task_info, output_path, auto_timestamps, run_id)

    @classmethod
    def run_async(
        cls,
        agent_info: AgentInfo | Mapping[str, Any] | str,
        task_info: TaskInfo | Mapping[str, Any] | None = None,
        output_path: str | Path | None = None,
        auto_timestamps: bool = True,
        run_id: str | None = None,
    ) -> "AsyncTracer":
        """Return a tracer to be used in an `async with`; its step methods are awaited."""
        return AsyncTracer(agent_info, task_info, output_path, auto_timestamps, run_id)

    def __enter__(self) -> Self:
        return self._begin()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._end(exc)

    def _record(self, step: type[BaseStep], fields: dict[str, Any], place: Place) -> str:
        return self._keep(step, fields, place)


class AsyncTracer(_Tracer[Awaitable[str]]):
    """Records a run of an async agent: `step_id = await tracer.llm_call(...)`.

    A step is recorded when its method is called, so that concurrent steps stand in the order of
    their calls.
    """

    async def __aenter__(self) -> Self:
        return self._begin()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._end(exc)

    def _record(self, step: type[BaseStep], fields: dict[str, Any], place: Place) -> Awaitable[str]:
        return _given(self._keep(step, fields, place))


async def _given(step_id: str) -> str:
    return step_id
