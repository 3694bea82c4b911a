"""The processor at the door: a span goes in as it was recorded, and out fit to be stored."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from agentglass.redact.keys import Secrecy
from agentglass.redact.limits import MARKER, Limits
from agentglass.redact.plain import key_text
from agentglass.redact.policy import RedactionPolicy
from agentglass.redact.redacting import RedactingWalk
from agentglass.redact.texts import KEY_BYTES, TextRules
from agentglass.redact.walk import free_name
from agentglass.spans import ErrorInfo, Event, Link, Span, Usage, names

__all__ = ["FAILED", "Redactor"]

FAILED = "[REDACTION FAILED]"
"""Stands for content that could not be redacted and was therefore dropped."""

T = TypeVar("T")


class Redactor:
    """Redacts and bounds every text field of a span: the one processor before the store.

    It fails closed: content that cannot be redacted is dropped and the span kept. For one thread,
    the writer's.
    """

    def __init__(self, policy: RedactionPolicy | None = None, limits: Limits | None = None) -> None:
        self.policy = policy or RedactionPolicy()
        self.limits = limits or Limits()
        self.counts: Counter[str] = Counter()
        """How often each rule found something, by its name."""
        self.counters: Counter[str] = Counter()
        """`failed`: fields dropped because redaction raised; `truncated`: values that were cut."""
        self._rules = TextRules(self.policy)
        self._combined = lru_cache(maxsize=64)(self._combine)

    def __call__(self, span: Span) -> Span:
        """Redact a span in place, by the global policy and by that of its trace.

        The span must be the caller's own copy. Its values are replaced, never changed.
        """
        work = _SpanPass(self, span.trace.policy if span.trace else None)
        work.redact(span)
        return span

    def redact_tags(self, tags: Mapping[str, str], policy: Any = None) -> dict[str, str]:
        """Return the tags of a trace, redacted; keys and values are texts."""
        work = _SpanPass(self, policy)
        redacted = work.guard(work.attributes, tags, "tags", {"redaction": FAILED})
        work.account()
        return {name: _plain_text(value) for name, value in redacted.items()}

    def redact_value(self, value: Any, policy: Any = None, *, path: str = "value") -> Any:
        """Return any value redacted, bounded and JSON-safe: what stands beside the spans."""
        work = _SpanPass(self, policy)
        redacted = work.guard(work.value, value, path, FAILED)
        work.account()
        return redacted

    def rules_for(self, policy: Any) -> TextRules:
        """Return the rules of the global policy with another one on top.

        Raises:
            TypeError: It is no policy; whoever set it wanted something hidden.
        """
        if policy is None:
            return self._rules
        if not isinstance(policy, RedactionPolicy):
            raise TypeError(f"{policy!r} is no RedactionPolicy")
        return self._combined(policy)

    def _combine(self, policy: RedactionPolicy) -> TextRules:
        return TextRules(self.policy | policy)


class _SpanPass:
    """The redaction of one span: its budget, its account."""

    def __init__(self, redactor: Redactor, policy: Any) -> None:
        self._redactor = redactor
        self._policy = policy
        self._left = redactor.limits.span_bytes

    @cached_property
    def walk(self) -> RedactingWalk:
        """The walk; made on first use, so that a policy that cannot be used fails each field."""
        return RedactingWalk(self._redactor.rules_for(self._policy), self._redactor.limits)

    def redact(self, span: Span) -> None:
        """Replace every text field; the order is that in which they take from the budget."""
        guard = self.guard
        span.name = guard(self._name, span.name, "name", FAILED)
        if span.error is not None:
            span.error = guard(self._error, span.error, "error", ErrorInfo("Error", FAILED))
        attributes = guard(self.attributes, span.attributes, "attributes", {FAILED: True})
        if span.input is not None:
            span.input = guard(self._input, span.input, "input", FAILED)
        if span.output is not None:
            span.output = guard(self._output, span.output, "output", FAILED)
        if span.usage is not None and span.usage.raw is not None:
            span.usage = guard(self._usage, span.usage, "usage", replace(span.usage, raw=None))
        if span.events:
            failed = [Event(FAILED, span.start_ns)]
            span.events = guard(self._events, span.events, "events", failed)
        if span.links:
            span.links = guard(self._links, span.links, "links", [])
        self.account(attributes)
        span.attributes = attributes

    def guard(self, work: Callable[[Any, str], T], value: Any, path: str, fallback: T) -> T:
        """Fail closed: what cannot be redacted is not kept."""
        try:
            return work(value, path)
        except Exception:  # noqa: BLE001 - whatever it was, the content must not pass
            self._redactor.counters["failed"] += 1
            return fallback

    def value(self, value: Any, path: Any, secrecy: Secrecy = Secrecy.OPEN) -> Any:
        """Redact one value within the bound of a value and what is left of the span's."""
        budget = min(self._redactor.limits.value_bytes, self._left)
        redacted = self.walk.value(value, path, budget, secrecy)
        self._left = max(self._left - budget + self.walk.left, 0)
        return redacted

    def attributes(self, attributes: Mapping[str, Any], path: str) -> dict[str, Any]:
        """Redact keys and values; each value has its own bound, and fails alone."""
        walk = self.walk
        result: dict[str, Any] = {}
        for key, item in attributes.items():
            if self._left <= 0:
                walk.report(path, len(attributes), len(result))
                result[MARKER] = True
                break
            name, secrecy = walk.key(key if type(key) is str else key_text(key))
            if name in result:
                name = free_name(name, result)
            self._left -= len(name) + 4
            try:
                result[name] = self.value(item, (path, name), secrecy)
            except Exception:  # noqa: BLE001 - as in `guard`
                self._redactor.counters["failed"] += 1
                result[name] = FAILED
        return result

    def account(self, attributes: dict[str, Any] | None = None) -> None:
        """Add up what was found, and write it into the span's attributes."""
        walk = self.__dict__.get("walk")
        if walk is None or not (walk.fired or walk.truncated):
            return
        self._redactor.counts.update(walk.fired)
        self._redactor.counters["truncated"] += len(walk.truncated)
        if attributes is None:
            return
        if walk.fired:
            before = attributes.get(names.REDACTED)
            found = sum(walk.fired.values())
            attributes[names.REDACTED] = found + (before if type(before) is int else 0)
        if walk.truncated:
            known = attributes.get(names.TRUNCATED)
            attributes[names.TRUNCATED] = walk.truncated | (known if type(known) is dict else {})

    def _name(self, name: Any, path: str) -> str:
        return _plain_text(self.walk.value(name, path, KEY_BYTES))

    def _input(self, value: Any, path: str) -> Any:
        return self.value(value, path) if self.walk.rules.policy.capture_inputs else None

    def _output(self, value: Any, path: str) -> Any:
        return self.value(value, path) if self.walk.rules.policy.capture_outputs else None

    def _error(self, error: ErrorInfo, path: str) -> ErrorInfo:
        stacktrace = error.stacktrace
        return ErrorInfo(
            self._name(error.type, f"{path}.type"),
            _plain_text(self.value(error.message, f"{path}.message")),
            stacktrace and _plain_text(self.value(stacktrace, f"{path}.stacktrace")),
        )

    def _usage(self, usage: Usage, path: str) -> Usage:
        return replace(usage, raw=self.value(usage.raw, f"{path}.raw"))

    def _events(self, events: list[Event], path: str) -> list[Event]:
        return [
            Event(
                self._name(event.name, f"{path}[{position}].name"),
                event.time_ns,
                self.attributes(event.attributes, f"{path}[{position}].attributes"),
            )
            for position, event in enumerate(events)
        ]

    def _links(self, links: list[Link], path: str) -> list[Link]:
        return [
            Link(
                link.trace_id,
                link.span_id,
                self.attributes(link.attributes, f"{path}[{position}].attributes"),
            )
            for position, link in enumerate(links)
        ]


def _plain_text(value: Any) -> str:
    """Return text for a column of its own, where a NUL would end it."""
    return str(value).replace("\0", "\ufffd")
