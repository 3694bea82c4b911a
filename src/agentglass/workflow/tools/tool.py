"""A tool: a Python function that a model may ask for, called by name and recorded as one span."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agentglass.errors import ToolError, error_text
from agentglass.models.port import Tool
from agentglass.record import LiveSpan, NoopSpan, span
from agentglass.record.control_flow import status_of
from agentglass.spans import STATUS_TABLE, SpanType, names
from agentglass.workflow.calling import call_function
from agentglass.workflow.templates import STATE
from agentglass.workflow.tools.signature import ArgumentError, Signature

__all__ = ["WorkflowTool"]

_ATTEMPT = "tool.attempt"
_LONGEST_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class WorkflowTool:
    """A function with the name and the description that a model sees."""

    name: str
    function: Callable[..., Any]
    description: str
    signature: Signature
    timeout_s: float = 60.0
    """How long one attempt may take."""
    retries: int = 0
    """How often a call that failed is tried again."""
    backoff_s: float = 0.5
    """The wait before the first repetition; it doubles each time."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of the arguments."""
        return self.signature.schema

    def definition(self) -> Tool:
        """Return what a model is told of the tool."""
        return Tool(name=self.name, description=self.description, parameters=self.schema)

    async def call(
        self,
        arguments: str | Mapping[str, Any],
        *,
        state: Mapping[str, Any] | None = None,
        call_id: str | None = None,
    ) -> Any:
        """Call the function.

        An exception of the function reaches the caller as it is.

        Args:
            arguments: By name; or JSON text, as a model writes it.
            state: Of the workflow, for a function that wants it.
            call_id: By which a model refers to the call.

        Raises:
            ToolError: The arguments are no JSON object, or do not fit; the function did not run.
            TimeoutError: An attempt took longer than `timeout_s`.
        """
        attributes = {names.OPERATION: "execute_tool", names.TOOL_NAME: self.name}
        if call_id is not None:
            attributes[names.TOOL_CALL_ID] = call_id
        with span(self.name, type=SpanType.TOOL, attributes=attributes) as active:
            values = self._values(arguments, active)
            if self.signature.takes_state:
                values[STATE] = dict(state or {})
            active.output = result = await self._attempts(values, active)
            return result

    def _values(
        self, arguments: str | Mapping[str, Any], active: LiveSpan | NoopSpan
    ) -> dict[str, Any]:
        try:
            given = _read(arguments)
        except ArgumentError as error:
            active.input = arguments
            raise ToolError(self.name, str(error)) from None
        active.input = given
        try:
            return self.signature.validate(given)
        except ArgumentError as error:
            raise ToolError(self.name, str(error)) from None

    async def _attempts(self, values: Mapping[str, Any], active: LiveSpan | NoopSpan) -> Any:
        number = 0
        while True:
            number += 1
            try:
                result = await self._once(values)
            except Exception as error:
                active.add_event(_ATTEMPT, {"number": number, "error": error_text(error)})
                if number > self.retries or not _is_fault(error):
                    raise
                await asyncio.sleep(min(self.backoff_s * 2 ** (number - 1), _LONGEST_WAIT_S))
            else:
                active.add_event(_ATTEMPT, {"number": number})
                return result

    async def _once(self, values: Mapping[str, Any]) -> Any:
        deadline = asyncio.timeout(self.timeout_s)
        try:
            async with deadline:
                return await call_function(self.function, values)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise TimeoutError(
                f"The tool {self.name!r} took longer than {self.timeout_s:g} s. "
                "Give it less to do, or raise its timeout."
            ) from None


def _is_fault(error: Exception) -> bool:
    """Tell whether an exception reports a fault; others steer the run, as an interrupt does."""
    return STATUS_TABLE[status_of(error)].is_error


def _read(arguments: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return arguments by name; some models write nothing where there are none."""
    if isinstance(arguments, Mapping):
        return arguments
    if not arguments.strip():
        return {}
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else error
        raise ArgumentError(
            f"the arguments are not valid JSON ({reason}). Write one object."
        ) from None
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise ArgumentError(f"the arguments are JSON of type {kind!r}. Expected one object.")
    return value
