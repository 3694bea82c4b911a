"""Go on with a run that stopped: with an answer, or where its process died or a node failed."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from agentglass.errors import ResumeError, RunNotFoundError, did_you_mean
from agentglass.workflow.asking import answer_type
from agentglass.workflow.durable import lock_run
from agentglass.workflow.execution import Execution, Resumption, RunOptions
from agentglass.workflow.field_types import FieldType
from agentglass.workflow.loading import load
from agentglass.workflow.nodes.human import NO_ANSWER, HumanNode, answer_problem
from agentglass.workflow.result import RunResult
from agentglass.workflow.run import finish
from agentglass.workflow.run_scope import Question
from agentglass.workflow.state_db import RunRecord, RunRecords, StateDb, state_db_path
from agentglass.workflow.workflow import Workflow

__all__ = ["find_run", "open_questions", "resume_run", "yes_or_no"]

_YES = ("approved", "approve", "accept", "yes", "ok", "true")
_NO = ("rejected", "reject", "deny", "decline", "no", "false")


def find_run(ref: str, *, waiting: bool = False) -> RunRecord:
    """Return a run that can go on, or has gone on to its end.

    Args:
        ref: A run id or its beginning; `last` for the latest that can go on.
        waiting: Whether `last` is to be one that waits for an answer.

    Raises:
        RunNotFoundError: There is none, or several.
    """
    path = state_db_path()
    db = StateDb(path) if path.exists() else None
    try:
        found = [] if db is None else RunRecords(db).find(ref, waiting=waiting)
    finally:
        if db is not None:
            db.close()
    if len(found) != 1:
        raise RunNotFoundError(ref, [record.run_id for record in found])
    return found[0]


def open_questions(record: RunRecord) -> list[Question]:
    """Return what a run waits for, without what was answered already."""
    questions = (Question.from_dict(each) for each in record.questions)
    return [question for question in questions if question.id not in record.answers]


def yes_or_no(record: RunRecord, node: str | None, *, is_yes: bool) -> str:
    """Return the word with which a question is approved or rejected.

    Raises:
        ResumeError: There is no such question, or it has no word for it.
    """
    _refuse_ended(record)
    question = _question_for(record, open_questions(record), node)
    words = _YES if is_yes else _NO
    if (question.schema or {}).get("type") == "boolean":
        return "true" if is_yes else "false"
    if question.schema is None and not question.choices:
        return words[0]
    found = [choice for choice in question.choices if choice.lower() in words]
    if not found:
        raise ResumeError(
            f"The question is not one of yes or no. Choices: "
            f"{', '.join(question.choices) or 'see its schema'}. Answer with: agentglass resume "
            f"{record.run_id[:8]} --answer ..."
        )
    return found[0]


def resume_run(
    record: RunRecord,
    answer: Any = None,
    *,
    has_answer: bool = False,
    node: str | None = None,
    redo: frozenset[str] = frozenset(),
    allow_changed: bool = False,
    **options: Unpack[RunOptions],
) -> RunResult:
    """Go on with a run.

    The answer is kept before anything else is done with it, so that it is not lost if this process
    dies: the next `resume_run` goes on with it.

    Args:
        record: The run.
        answer: To its question; text is read as a value of the type that is asked for.
        has_answer: Whether an answer is given.
        node: Whose question it is, where there are several.
        redo: Nodes that may be done again though nobody knows how they ended.
        allow_changed: Go on although the file has changed since the run began.
        options: How it is run; the level and the session stay those of its beginning.

    Raises:
        ResumeError: The run cannot go on like that.
        ConfigLoadError: Its file cannot be read any more.
    """
    lock = lock_run(record.run_id)
    try:
        # Another process may have gone on with it since it was found.
        record = find_run(record.run_id)
        _refuse_ended(record)
        workflow = _workflow_of(record, allow_changed)
        answers, late = _answers(record, workflow, answer, node, has_answer=has_answer)
        _keep_answers(record, answers)
        settings = record.settings
        options |= {"level": settings["level"], "session_id": settings.get("session_id")}
        resumption = Resumption(
            record=record, answers=answers, timed_out=late, redo=redo, lock=lock
        )
        return finish(Execution(workflow, record.inputs, options, resumption))
    finally:
        lock.release()


def _answers(
    record: RunRecord, workflow: Workflow, answer: Any, node: str | None, *, has_answer: bool
) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the answers to go on with, and which of them say that nobody answered in time."""
    waiting = open_questions(record)
    answers: dict[str, Any] = dict(record.answers)
    late: frozenset[str] = frozenset()
    if has_answer:
        question = _question_for(record, waiting, node)
        answers[question.id] = _read_answer(workflow, question, answer)
    elif waiting:
        late = frozenset(question.id for question in waiting if _is_over(question))
        answers |= dict.fromkeys(late, NO_ANSWER)
    if waiting and not answers:
        raise ResumeError(_still_waiting(record, waiting))
    return answers, late


def _refuse_ended(record: RunRecord) -> None:
    if record.status == "ended":
        raise ResumeError(f"The run {record.run_id[:8]} has ended; there is nothing to go on with.")


def _workflow_of(record: RunRecord, allow_changed: bool) -> Workflow:
    workflow = load(Path(record.file), model=record.settings.get("model"))
    if workflow.digest != record.digest and not allow_changed:
        raise ResumeError(
            f"{record.file!r} has changed since the run {record.run_id[:8]} began. Undo the change, "
            "or go on with the changed file with: --allow-changed"
        )
    return workflow


def _question_for(record: RunRecord, waiting: list[Question], node: str | None) -> Question:
    if not waiting:
        raise ResumeError(
            f"The run {record.run_id[:8]} waits for no answer (status {record.status!r}). "
            f"Go on without one: agentglass resume {record.run_id[:8]}"
        )
    asked = [question.node_id for question in waiting]
    if node is None and len(waiting) > 1:
        raise ResumeError(
            f"The run waits for several answers. Say which one it is: --node "
            f"{' or --node '.join(asked)}"
        )
    chosen = [question for question in waiting if node in (None, question.node_id)]
    if not chosen:
        raise ResumeError(
            f"No question of {node!r} is open.{did_you_mean(str(node), asked)} "
            f"Open: {', '.join(asked)}."
        )
    return chosen[0]


def _read_answer(workflow: Workflow, question: Question, answer: Any) -> Any:
    """Read an answer as its question wants it."""
    type_ = _type_wanted(workflow, question)
    if isinstance(answer, str) and type_.kind != "str":
        try:
            answer = type_.parse(answer)
        except ValueError as error:
            raise ResumeError(f"The answer is {answer!r}: {error}.") from error
    problem = answer_problem(answer, type_, question.choices)
    if problem:
        raise ResumeError(f"The answer does not fit: {problem}.")
    return answer


def _type_wanted(workflow: Workflow, question: Question) -> FieldType:
    """Return the type of an answer, from the node that asks, here or in a sub-workflow."""
    parts = workflow.nodes[0].context.library.parts.values()
    nodes = (node for each in (workflow, *parts) for node in each.nodes)
    asking = (
        node.config
        for node in nodes
        if isinstance(node.config, HumanNode) and node.id == question.node_id
    )
    config = next(asking, None)
    return FieldType("str") if config is None else answer_type(config.answer_schema)


def _is_over(question: Question) -> bool:
    return question.deadline is not None and question.deadline <= time.time()


def _still_waiting(record: RunRecord, waiting: list[Question]) -> str:
    asked = "; ".join(f"{question.node_id}: {question.prompt}" for question in waiting)
    return (
        f"The run {record.run_id[:8]} waits for an answer: {asked}\n"
        f"Give it with: agentglass resume {record.run_id[:8]} --answer ..."
    )


def _keep_answers(record: RunRecord, answers: Mapping[str, Any]) -> None:
    record.answers = dict(answers)
    db = StateDb(state_db_path())
    try:
        RunRecords(db).save(record)
    finally:
        db.close()
