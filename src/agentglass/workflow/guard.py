"""A node's work under the rules that the file has for it: time limits, attempts, cache, ledger."""

import asyncio
import hashlib
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

from agentglass.errors import BudgetExceededError, NodeError
from agentglass.record import add_event, span
from agentglass.record.control_flow import status_of
from agentglass.spans import STATUS_TABLE, SpanType, Status, names
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import NodeContext, NodeType, NodeWork, Visit
from agentglass.workflow.policies import RetryConfig
from agentglass.workflow.retry_after import retry_after_s
from agentglass.workflow.signs_of_life import idle_limit, keep_alive
from agentglass.workflow.state_db import Ledger, NodeCache, RunLock, state_db_path
from agentglass.workflow.templates import TemplateError, as_text, render, templates_in

__all__ = ["GuardedWork", "guard_work"]

GuardedWork = Callable[[Visit], Awaitable[Any]]


def guard_work(
    config: NodeConfig, node_type: NodeType, context: NodeContext, work: NodeWork
) -> GuardedWork:
    """Lay a node's rules around its work; without rules it is the work itself."""
    guarded = work
    if config.timeout is not None or config.idle_timeout is not None:
        guarded = _within_limits(config, guarded)
    if config.retry is not None:
        guarded = _with_attempts(config, config.retry, guarded)
    if config.idempotency is not None:
        guarded = _once(config, guarded)
    if config.cache is not None:
        guarded = _cached(config, node_type.reads_state(config, context), _around(context), guarded)
    return guarded


def _within_limits(config: NodeConfig, work: GuardedWork) -> GuardedWork:
    async def limited(visit: Visit) -> Any:
        deadline = asyncio.timeout(config.timeout)
        try:
            async with deadline:
                if config.idle_timeout is None:
                    return await work(visit)
                message = (
                    f"Node {config.id!r} gave no sign of life for {config.idle_timeout:g} s "
                    "(idle_timeout)."
                )
                async with idle_limit(config.idle_timeout, message):
                    return await work(visit)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise TimeoutError(
                f"Node {config.id!r} took longer than {config.timeout:g} s (timeout)."
            ) from None

    return limited


def _with_attempts(config: NodeConfig, retry: RetryConfig, work: GuardedWork) -> GuardedWork:
    async def repeated(visit: Visit) -> Any:
        for number in range(1, retry.attempts + 1):
            attributes = {names.NODE_ATTEMPT: number, names.NODE_ID: config.id}
            try:
                with span(f"attempt {number}", type=SpanType.CHAIN, attributes=attributes) as one:
                    value = await work(visit)
                    one.output = value
                    return value
            except Exception as error:
                if number == retry.attempts or not _is_worth_it(error, retry):
                    raise
                wait_s = _wait_s(retry, number, error)
                add_event(
                    "retry", {"attempt": number, "wait_s": wait_s, "error": type(error).__name__}
                )
                keep_alive()
                await asyncio.sleep(wait_s)
        raise AssertionError("a retry has at least one attempt")

    return repeated


def _is_worth_it(error: Exception, retry: RetryConfig) -> bool:
    is_fault = STATUS_TABLE[status_of(error)].is_error
    if not is_fault or isinstance(error, BudgetExceededError | TemplateError):
        return False
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return not retry.errors or any(name in kinds for name in retry.errors)


def _wait_s(retry: RetryConfig, number: int, error: Exception) -> float:
    """Return how long to wait: longer each time, with jitter, and never before the server wants."""
    own = retry.wait * retry.backoff ** (number - 1)
    jittered = own * random.uniform(0.75, 1.25)
    return round(min(max(jittered, retry_after_s(error) or 0.0), retry.max_wait), 3)


def _once(config: NodeConfig, work: GuardedWork) -> GuardedWork:
    policy = config.idempotency
    assert policy is not None

    async def once(visit: Visit) -> Any:
        run = visit.run
        key = f"{run.run_id}{visit.path}"
        if policy.key is not None:
            key = f"{run.workflow_name}/{config.id}/{_text_key(policy.key, visit)}"
        ledger = Ledger(await run.open_state_db())
        again = policy.if_unknown == "repeat" or config.id in run.redo
        entry = await asyncio.to_thread(ledger.begin, key, config.id, run.run_id or "", again=again)
        if entry is not None and entry.is_done:
            visit.status = Status.CACHED
            add_event("idempotency.repeated", {"key": key, "first_run": entry.run_id})
            return entry.value
        if entry is not None:
            raise NodeError(config.id, _unknown_outcome(config.id, key, entry.run_id, run.run_id))
        try:
            value = await work(visit)
        except (Exception, asyncio.CancelledError) as error:
            # After a time limit nobody knows whether the work was done.
            if not isinstance(error, TimeoutError | asyncio.CancelledError):
                await asyncio.to_thread(ledger.forget, key)
            raise
        try:
            await asyncio.to_thread(ledger.finish, key, value)
        except TypeError as error:
            raise NodeError(
                config.id,
                f"its work is done, and its result cannot be noted: {error}. Return text, numbers, "
                "lists or mappings.",
            ) from error
        return value

    return once


def _unknown_outcome(node_id: str, key: str, run_id: str, own_id: str | None) -> str:
    if run_id != own_id and RunLock(state_db_path().parent, run_id).is_held():
        return f"its work {key!r} is being done by the run {run_id[:8]} at the moment."
    return (
        f"its work {key!r} was begun by the run {run_id[:8] or 'of another process'} and nobody "
        "knows whether it was done. Find out; then do it again with: agentglass resume RUN --redo "
        f"{node_id}, or write `if_unknown: repeat`."
    )


def _around(context: NodeContext) -> list[str]:
    """Return what a result depends on besides its node: the model, tools, agents and parts."""
    library = context.library
    named = (library.tools, library.agents, library.teams)
    declared = [f"{name} {each!r}" for section in named for name, each in section.items()]
    return [repr(context.llm), *declared, *sorted(part.digest for part in library.parts.values())]


def _cached(
    config: NodeConfig, reads_state: bool, around: list[str], work: GuardedWork
) -> GuardedWork:
    policy = config.cache
    assert policy is not None
    rules = {
        "cache",
        "idempotency",
        "retry",
        "timeout",
        "idle_timeout",
        "on_error",
        "when",
        "title",
    }
    shape = config.model_dump_json(exclude=rules)
    texts = [text.value for text in config.templates() if text.path[0] != "attributes"]

    async def cached(visit: Visit) -> Any:
        own = policy.key
        parts: list[Any] = [visit.run.workflow_name, shape, around]
        if own is not None:
            parts.append(_text_key(own, visit))
        else:
            parts += [_value_of(text, visit) for text in texts]
            parts.append(dict(visit.scope.state) if reads_state else None)
        digest = hashlib.sha256(json.dumps(parts, default=repr, sort_keys=True).encode())
        key, cache = digest.hexdigest(), NodeCache(await visit.run.open_state_db())
        found = await asyncio.to_thread(cache.get, key)
        if found is not None:
            visit.status = Status.CACHED
            return found[0]
        value = await work(visit)
        try:
            await asyncio.to_thread(cache.put, key, config.id, value, policy.ttl)
        except TypeError as error:
            add_event("cache.skipped", {"reason": str(error)})
        return value

    return cached


def _value_of(texts: Any, visit: Visit) -> list[Any]:
    """Return what the expressions in a setting stand for; those that lead nowhere fail later."""
    values: list[Any] = []
    for _, expression in templates_in(texts):
        try:
            values.append(visit.scope.resolve(expression))
        except TemplateError as error:
            values.append(str(error))
    return values


def _text_key(template: str, visit: Visit) -> str:
    return as_text(render(template, visit.scope, visit.resolutions))
