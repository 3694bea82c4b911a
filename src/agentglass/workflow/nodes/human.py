"""The `human` node: stops the run until somebody answers, perhaps in another process."""

import time
from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from pydantic import Field

from agentglass.errors import NodeError
from agentglass.plugins import load_object
from agentglass.record import open_interrupt
from agentglass.spans import names
from agentglass.workflow.asking import answer_type
from agentglass.workflow.field_config import OutputSchema
from agentglass.workflow.field_types import FieldType, TypeTextError
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import Finding, NodeContext, NodeType, NodeWork, Visit
from agentglass.workflow.run_scope import Question
from agentglass.workflow.templates import as_text, render

__all__ = ["NODE_TYPE", "NO_ANSWER", "HumanNode", "answer_problem"]

NO_ANSWER = {"agentglass": "no answer"}
"""What a run goes on with when the time for an answer is over: the node's default, or its failure."""


class HumanNode(NodeConfig):
    """Asks somebody; the run ends here and goes on with `agentglass resume`."""

    template_keys: ClassVar[tuple[str, ...]] = ("prompt", "choices", "default")

    type: Literal["human"]
    prompt: str = Field(min_length=1)
    """The question; a template."""
    choices: list[str] | str | None = None
    """The answers that are possible; a list, or a template of one."""
    answer_schema: OutputSchema | None = None
    """What the answer must look like; without it, it is text."""
    timeout: float | None = Field(default=None, gt=0)
    """Seconds to wait for the answer; after that `default` is taken, or the node fails."""
    default: Any = None
    """Taken when nobody has answered in time; a template."""


def _compile(config: HumanNode, context: NodeContext) -> NodeWork:
    answer = answer_type(config.answer_schema)
    # Loaded when the workflow is compiled: it is validated without LangGraph.
    interrupt = load_object("langgraph.types:interrupt", feature="The 'human' node")
    stopped = load_object("langgraph.errors:GraphInterrupt", feature="The 'human' node")

    async def work(visit: Visit) -> Any:
        question = _question(config, answer, visit)
        try:
            given = interrupt(question.to_dict())
        except stopped as stop:
            _note_question(config, question, visit, stop.args[0][0].id)
            raise
        if given == NO_ANSWER:
            if config.default is None:
                raise TimeoutError(
                    f"Node {config.id!r}: nobody answered within {config.timeout:g} s, "
                    "and it has no default."
                )
            given = render(config.default, visit.scope, visit.resolutions)
        problem = answer_problem(given, answer, question.choices)
        if problem:
            raise NodeError(config.id, f"the answer does not fit: {problem}.")
        return given

    return work


def answer_problem(given: Any, answer: FieldType, choices: tuple[str, ...]) -> str | None:
    """Tell what is wrong with an answer; None when it fits."""
    if choices and given not in choices:
        return f"it is {given!r}. Expected: {', '.join(choices)}"
    return answer.mismatch(given)


def _question(config: HumanNode, answer: FieldType, visit: Visit) -> Question:
    prompt = as_text(render(config.prompt, visit.scope, visit.resolutions))
    choices = render(config.choices, visit.scope, visit.resolutions)
    if choices is not None and not isinstance(choices, list):
        raise NodeError(config.id, f"`choices` is {choices!r}. Expected: a list of texts.")
    within = config.timeout
    return Question(
        node_id=config.id,
        prompt=prompt,
        choices=tuple(map(str, choices or ())),
        schema=None if answer.kind == "str" else answer.json_schema(),
        deadline=None if within is None else time.time() + within,
        has_default=config.default is not None,
    )


def _note_question(config: HumanNode, question: Question, visit: Visit, interrupt_id: str) -> None:
    """Record that the run waits; a question that was open already stays the one that it is."""
    known = visit.run.asked_before.get(interrupt_id)
    if known is None:
        ticket = open_interrupt(
            config.display_name,
            input={"prompt": question.prompt, "choices": list(question.choices)},
            attributes={names.NODE_ID: config.id},
        )
        known = question.asked(interrupt_id, ticket)
    visit.run.questions.append(known)


def _check(config: HumanNode, context: NodeContext) -> Iterable[Finding]:
    try:
        answer = answer_type(config.answer_schema)
    except TypeTextError as error:
        yield Finding(("answer_schema",), "type", str(error))
        return
    if config.choices and answer.kind != "str":
        yield Finding(("choices",), "type", "`choices` are texts; leave `answer_schema` out.")
    if config.default is not None and config.timeout is None:
        message = "A `default` is taken when time is up; say when with `timeout`."
        yield Finding(("default",), "default", message)


NODE_TYPE = NodeType(
    HumanNode, _compile, _check, needs_extra="run", is_durable=lambda config, context: True
)
