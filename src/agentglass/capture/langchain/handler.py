"""A LangChain callback handler that records: the tree comes from LangChain's own run ids."""

import functools
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult

from agentglass.capture.captured import Captured
from agentglass.capture.langchain.facts import (
    answer_attributes,
    documents_of,
    message_dict,
    model_attributes,
    output_of,
    usage_of,
)
from agentglass.capture.open_runs import Listener, OpenRun, OpenRuns
from agentglass.capture.redaction import RedactionConfig
from agentglass.redact import RedactionPolicy
from agentglass.spans import SpanType, names
from agentglass.steps import TraceRun

__all__ = ["OPEN_RUNS", "AgentglassHandler", "Recording"]

_logger = logging.getLogger("agentglass")

OPEN_RUNS = OpenRuns()
"""All runs of LangChain that are open in this process."""

_HIDDEN = "langsmith:hidden"
_GRAPH_STEP = "graph:step:"
_BEGAN_NS = "began_ns"

_F = TypeVar("_F", bound=Callable[..., Any])


def _harmless(method: _F) -> _F:
    """Keep a fault of ours away from the agent."""

    @functools.wraps(method)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            method(*args, **kwargs)
        except Exception:
            _logger.warning("a callback of LangChain could not be recorded", exc_info=True)

    return guarded  # type: ignore[return-value]


class Recording(BaseCallbackHandler):
    """Turns callbacks into spans.

    Args:
        listener: On whose behalf.
    """

    raise_error = False
    run_inline = True
    """Called where the run is, in order, also by async code."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    # -- chains ------------------------------------------------------------------------------

    @_harmless
    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin a chain, an agent or a node of a graph."""
        if _is_owned(metadata or {}, tags or [], parent_run_id):
            OPEN_RUNS.pass_by(run_id)
            return
        is_node = any(tag.startswith(_GRAPH_STEP) for tag in tags or ())
        self._begin(
            run_id,
            parent_run_id,
            name=_name(serialized, kwargs, "chain"),
            type=SpanType.NODE if is_node else SpanType.CHAIN,
            input=_plain(inputs),
            attributes=_node_attributes(metadata or {}) if is_node else {},
        )

    @_harmless
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End it."""
        self._end(run_id, lambda run: _set_output(run, _plain(outputs)))

    @_harmless
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End it with its error."""
        OPEN_RUNS.end(run_id, error)

    # -- models ------------------------------------------------------------------------------

    @_harmless
    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin a call of a chat model."""
        said = [message_dict(message) for row in messages for message in row]
        self._begin_model(serialized, {"messages": said}, run_id, parent_run_id, metadata, kwargs)

    @_harmless
    def on_llm_start(
        self,
        serialized: dict[str, Any] | None,
        prompts: list[str],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin a call of a model that completes text."""
        said = [{"role": "user", "content": prompt} for prompt in prompts]
        self._begin_model(serialized, {"messages": said}, run_id, parent_run_id, metadata, kwargs)

    @_harmless
    def on_llm_new_token(self, token: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Note when the first piece of an answer came."""
        run = OPEN_RUNS.get(run_id)
        if run is not None and run.span is not None and _BEGAN_NS in run.facts:
            seconds = (time.perf_counter_ns() - run.facts.pop(_BEGAN_NS)) / 1e9
            run.span.set_attribute(names.TIME_TO_FIRST_TOKEN, seconds)
            run.span.set_attribute(names.REQUEST_STREAM, True)

    @_harmless
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """End it with its answer and what it used."""

        def keep(run: OpenRun) -> None:
            assert run.span is not None
            run.span.output = output_of(response)
            run.span.usage = usage_of(response)
            run.span.set_attributes(answer_attributes(response))

        self._end(run_id, keep)

    @_harmless
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End it with its error; what had come of the answer by then is kept."""
        partial = kwargs.get("response")
        if isinstance(partial, LLMResult) and partial.generations:
            run = OPEN_RUNS.get(run_id)
            if run is not None:
                _set_output(run, output_of(partial))
        OPEN_RUNS.end(run_id, error)

    # -- tools and retrievers ----------------------------------------------------------------

    @_harmless
    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        inputs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin a call of a tool."""
        name = _name(serialized, kwargs, "tool")
        call_id = kwargs.get("tool_call_id")
        attributes = {names.OPERATION: "execute_tool", names.TOOL_NAME: name}
        if call_id is not None:
            attributes[names.TOOL_CALL_ID] = call_id
        self._begin(
            run_id,
            parent_run_id,
            name=name,
            type=SpanType.TOOL,
            input=input_str if inputs is None else inputs,
            attributes=attributes,
        )

    @_harmless
    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End it with its result."""
        result = output.content if isinstance(output, BaseMessage) else output
        self._end(run_id, lambda run: _set_output(run, _plain(result)))

    @_harmless
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End it with its error."""
        OPEN_RUNS.end(run_id, error)

    @_harmless
    def on_retriever_start(
        self,
        serialized: dict[str, Any] | None,
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin a search."""
        self._begin(
            run_id,
            parent_run_id,
            name=_name(serialized, kwargs, "retriever"),
            type=SpanType.RETRIEVAL,
            input=query,
        )

    @_harmless
    def on_retriever_end(
        self, documents: Sequence[Document], *, run_id: UUID, **kwargs: Any
    ) -> None:
        """End it with what was found."""

        def keep(run: OpenRun) -> None:
            assert run.span is not None
            run.span.output = documents_of(documents)
            run.span.set_attribute(names.RETRIEVAL_COUNT, len(documents))

        self._end(run_id, keep)

    @_harmless
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End it with its error."""
        OPEN_RUNS.end(run_id, error)

    # -- instants ----------------------------------------------------------------------------

    @_harmless
    def on_retry(self, retry_state: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Note that a run is tried again."""
        run = OPEN_RUNS.get(run_id)
        if run is not None and run.span is not None:
            outcome = getattr(retry_state, "outcome", None)
            error = None if outcome is None else outcome.exception()
            facts = {"attempt": retry_state.attempt_number, "error": type(error).__name__}
            run.span.add_event("retry", facts)

    @_harmless
    def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Note what the program says of itself."""
        run = OPEN_RUNS.get(run_id)
        if run is not None and run.span is not None:
            run.span.add_event(name, {"data": data})

    # -- inside ------------------------------------------------------------------------------

    def _begin_model(
        self,
        serialized: dict[str, Any] | None,
        input: Any,
        run_id: UUID,
        parent_run_id: UUID | None,
        metadata: dict[str, Any] | None,
        given: dict[str, Any],
    ) -> None:
        attributes = model_attributes(serialized, metadata or {}, given)
        model = attributes.get(names.REQUEST_MODEL) or _name(serialized, given, "model")
        run = self._begin(
            run_id,
            parent_run_id,
            name=f"chat {model}",
            type=SpanType.LLM,
            input=input,
            attributes=attributes,
        )
        if run is not None:
            run.facts[_BEGAN_NS] = time.perf_counter_ns()

    def _begin(self, run_id: UUID, parent_run_id: UUID | None, **about: Any) -> OpenRun | None:
        return OPEN_RUNS.begin(run_id, parent_run_id, self._listener, **about)

    @staticmethod
    def _end(run_id: UUID, keep: Callable[[OpenRun], None]) -> None:
        run = OPEN_RUNS.get(run_id)
        if run is not None and run.span is not None:
            keep(run)
        OPEN_RUNS.end(run_id)


class AgentglassHandler(Recording):
    """Captures the calls that it is given to: `chain.invoke(x, config={"callbacks": [handler]})`.

    Several handlers make several runs of steps; in the store a call is there once.

    Args:
        output_path: Where `trace-{run_id}.json` is written when a captured root has ended.
        agent_name: The name of the agent in its runs.
        agent_version: Its version.
        redaction_config: What is hidden; e-mail addresses, card and social-security numbers where
            none is given.
    """

    def __init__(
        self,
        output_path: str | Path | None = None,
        agent_name: str | None = None,
        agent_version: str | None = None,
        redaction_config: RedactionConfig | None = None,
    ) -> None:
        self.policy: RedactionPolicy = (redaction_config or RedactionConfig.default()).policy
        """What is hidden of its spans, on top of the global policy."""
        self.captured = Captured(agent_name, agent_version, output_path)
        """The spans that it made."""
        super().__init__(self)

    def get_trace(self) -> TraceRun | None:
        """Return the latest run that it captured; None before the first."""
        runs = self.captured.runs()
        return runs[-1] if runs else None

    def get_traces(self) -> list[TraceRun]:
        """Return every run that it captured."""
        return self.captured.runs()


def _name(serialized: dict[str, Any] | None, given: dict[str, Any], otherwise: str) -> str:
    named = given.get("name") or (serialized or {}).get("name")
    path = (serialized or {}).get("id")
    return str(named or (path[-1] if path else otherwise))


def _is_owned(metadata: dict[str, Any], tags: list[str], parent: UUID | None) -> bool:
    """Tell whether a run belongs to a graph of ours: the graph, its nodes and their wiring."""
    if names.OWNED not in metadata:
        return False
    return parent is None or any(tag == _HIDDEN or tag.startswith(_GRAPH_STEP) for tag in tags)


def _node_attributes(metadata: dict[str, Any]) -> dict[str, Any]:
    found = {
        names.NODE_ID: metadata.get("langgraph_node"),
        names.CONVERSATION_ID: metadata.get("thread_id"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _set_output(run: OpenRun, output: Any) -> None:
    if run.span is not None:
        run.span.output = output


def _plain(value: Any) -> Any:
    """Return messages and documents as mappings, at the top and one level below."""
    if isinstance(value, BaseMessage):
        return message_dict(value)
    if isinstance(value, Document):
        return documents_of([value])[0]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    to_messages = getattr(value, "to_messages", None)
    if callable(to_messages):
        return {"messages": [message_dict(message) for message in to_messages()]}
    return value
