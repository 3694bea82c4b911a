"""The processor: every text field of a span, by both policies, failing closed."""

import json
from typing import Any

import pytest

from agentglass.redact import FAILED, RedactionPolicy, Redactor
from agentglass.spans import (
    ErrorInfo,
    Event,
    Link,
    Span,
    Status,
    TraceState,
    Usage,
    names,
)

SECRET = "ghp_" + "s" * 36
HIDDEN = "[REDACTED]"


def make_span(policy: Any = None, **fields: Any) -> Span:
    trace = TraceState("a" * 32, "run", policy=policy)
    defaults: dict[str, Any] = {"name": "call", "start_ns": 7, "end_ns": 9, "status": Status.OK}
    return Span(trace_id="a" * 32, span_id="b" * 16, trace=trace, **(defaults | fields))


def everything(secret: str, **fields: Any) -> Span:
    """Return a span with a secret in each of its text fields."""
    return make_span(
        name=f"call {secret}",
        input={"prompt": secret},
        output=[secret],
        error=ErrorInfo("ValueError", f"bad key {secret}", f"line 1\n  {secret}\n"),
        usage=Usage(input_tokens=3, raw={"note": secret, "input_tokens": 3}),
        attributes={"a": secret, f"key {secret}": 1, names.REQUEST_MODEL: "m"},
        events=[Event(f"event {secret}", 8, {"a": [secret]})],
        links=[Link("c" * 32, "d" * 16, {"a": secret})],
        **fields,
    )


def content(span: Span) -> str:
    error, usage = span.error, span.usage
    return json.dumps(
        [
            span.name,
            span.input,
            span.output,
            error and error.to_dict(),
            usage and usage.to_dict(),
            span.attributes,
            [(event.name, event.attributes) for event in span.events],
            [link.attributes for link in span.links],
        ]
    )


def test_every_text_field_of_a_span_is_redacted_and_the_rest_stays() -> None:
    """Redaction comes before storage, over inputs, outputs, errors and everything."""
    span = everything(SECRET)

    assert Redactor()(span) is span

    assert SECRET not in content(span)
    assert span.name == f"call {HIDDEN}"
    assert span.input == {"prompt": HIDDEN}
    assert span.output == [HIDDEN]
    assert span.error == ErrorInfo("ValueError", f"bad key {HIDDEN}", f"line 1\n  {HIDDEN}\n")
    assert span.usage == Usage(input_tokens=3)
    assert span.usage.raw == {"note": HIDDEN, "input_tokens": 3}
    assert span.attributes == {
        "a": HIDDEN,
        f"key {HIDDEN}": 1,
        names.REQUEST_MODEL: "m",
        names.REDACTED: 11,
    }
    assert span.events == [Event(f"event {HIDDEN}", 8, {"a": [HIDDEN]})]
    assert span.links == [Link("c" * 32, "d" * 16, {"a": HIDDEN})]
    assert (span.start_ns, span.end_ns, span.status) == (7, 9, Status.OK)


def test_redacting_a_span_twice_changes_nothing() -> None:
    once = everything(SECRET)
    Redactor()(once)
    before = content(once)

    assert content(Redactor()(once)) == before


def test_counts_of_redactions_add_up_over_processes() -> None:
    span = make_span(input=SECRET, attributes={names.REDACTED: 2})

    Redactor()(span)

    assert span.attributes[names.REDACTED] == 3


def test_what_a_foreign_source_wrote_into_our_attributes_is_redacted_too() -> None:
    attributes = {names.REDACTED: SECRET, names.TRUNCATED: SECRET}
    span = make_span(input="x" * 2_000_000, attributes=attributes)

    Redactor()(span)

    assert span.attributes[names.REDACTED] == 2
    assert list(span.attributes[names.TRUNCATED]) == ["input"]


def test_a_clean_span_gets_no_attributes_and_its_values_are_not_shared() -> None:
    given: dict[str, Any] = {"a": [1]}
    span = make_span(input=given)

    Redactor()(span)

    assert span.attributes == {}
    assert span.input == given
    assert span.input is not given
    assert span.input["a"] is not given["a"]


def test_a_span_without_trace_or_optional_fields_passes() -> None:
    span = Span(trace_id="a" * 32, span_id="b" * 16, name="x", start_ns=1)
    span.error = ErrorInfo("E", "m")

    Redactor()(span)

    assert span.error == ErrorInfo("E", "m")
    assert span.input is span.output is span.usage is None


def test_the_policy_of_a_trace_is_applied_on_top_of_the_global_one() -> None:
    redactor = Redactor(RedactionPolicy(key_names=frozenset({"shoe size"})))
    value = {"shoe_size": 45, "mail": "a@example.org", "key": SECRET}

    plain, with_pii = make_span(input=value), make_span(RedactionPolicy(pii=True), input=value)
    redactor(plain)
    redactor(with_pii)

    assert plain.input == {"shoe_size": HIDDEN, "mail": "a@example.org", "key": HIDDEN}
    assert with_pii.input == {"shoe_size": HIDDEN, "mail": HIDDEN, "key": HIDDEN}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (RedactionPolicy(capture_inputs=False), (None, "out")),
        (RedactionPolicy(capture_outputs=False), ("in", None)),
        (RedactionPolicy(capture_inputs=False, enabled=False), (None, "out")),
    ],
)
def test_what_a_policy_does_not_capture_is_not_kept(
    policy: RedactionPolicy, expected: tuple[Any, Any]
) -> None:
    by_trace = make_span(policy, input="in", output="out")
    globally = make_span(input="in", output="out")

    Redactor()(by_trace)
    Redactor(policy)(globally)

    assert (by_trace.input, by_trace.output) == expected
    assert (globally.input, globally.output) == expected


def test_nul_characters_do_not_end_a_text_that_gets_a_column() -> None:
    span = make_span(name="a\0b", error=ErrorInfo("E\0", "m\0", "s\0"), input="\0")

    Redactor()(span)

    assert span.name == "a\ufffdb"
    assert span.error == ErrorInfo("E\ufffd", "m\ufffd", "s\ufffd")
    assert span.input == "\0"


def test_a_name_that_is_no_text_becomes_one() -> None:
    span = make_span(name=5)

    assert Redactor()(span).name == "5"


def test_attributes_that_become_one_name_are_both_kept() -> None:
    span = make_span(attributes={1: "a", "1": "b"})

    assert Redactor()(span).attributes == {"1": "a", "1#1": "b"}


class Broken:
    """Raises whatever is asked of it, even its class."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"no {name} {SECRET}")

    def __iter__(self) -> Any:
        raise RuntimeError(SECRET)


class BrokenAttributes(dict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError(SECRET)


def test_a_policy_that_is_none_drops_all_content_and_keeps_the_span() -> None:
    redactor = Redactor()
    span = everything(SECRET, policy="strict")

    redactor(span)

    assert SECRET not in content(span)
    assert span.name == span.input == span.output == FAILED
    assert span.error == ErrorInfo("Error", FAILED)
    assert span.attributes == {FAILED: True}
    assert span.usage == Usage(input_tokens=3)
    assert span.usage.raw is None
    assert span.events == [Event(FAILED, 7)]
    assert span.links == []
    assert (span.span_id, span.end_ns, span.status) == ("b" * 16, 9, Status.OK)
    assert redactor.counters["failed"] == 8
    assert redactor.counts == {}


def test_a_field_that_cannot_be_redacted_is_dropped_and_the_others_are_kept() -> None:
    redactor = Redactor()
    span = make_span(
        input={"fine": SECRET},
        error=Broken(),
        events=[Broken()],
        attributes=BrokenAttributes(a=SECRET),
    )

    redactor(span)

    assert SECRET not in content(span)
    assert span.input == {"fine": HIDDEN}
    assert span.error == ErrorInfo("Error", FAILED)
    assert span.events == [Event(FAILED, 7)]
    assert span.attributes == {FAILED: True, names.REDACTED: 1}
    assert redactor.counters["failed"] == 3


def test_an_attribute_that_cannot_be_redacted_fails_alone() -> None:
    class Nameless(type):
        def __getattribute__(cls, name: str) -> Any:
            raise RuntimeError(name)

    class Odd(metaclass=Nameless):
        pass

    redactor = Redactor()
    span = make_span(attributes={"odd": object.__new__(Odd), "fine": "x"})

    redactor(span)

    assert span.attributes == {"odd": FAILED, "fine": "x"}
    assert redactor.counters["failed"] == 1


def test_tags_are_redacted_by_both_policies() -> None:
    redactor = Redactor()
    tags = {"workflow": "digest", "password": "x", "owner": "a@example.org", SECRET: "1", "n": 5}

    redacted = redactor.redact_tags(tags, RedactionPolicy(pii=True))

    assert redacted == {
        "workflow": "digest",
        "password": HIDDEN,
        "owner": HIDDEN,
        HIDDEN: "1",
        "n": "5",
    }
    assert redactor.counts == {"key_name": 1, "email": 1, "provider_key": 1}
    assert redactor.redact_tags({"b": "\0"}) == {"b": "\ufffd"}
    assert redactor.redact_tags(tags, policy="strict") == {"redaction": FAILED}


def test_a_value_beside_the_spans_is_redacted_the_same_way() -> None:
    redactor = Redactor()

    assert redactor.redact_value({"token": "x", "n": float("nan")}) == {"token": HIDDEN, "n": "NaN"}
    assert redactor.redact_value("x" * 2_000_000).endswith("... [truncated]")
    assert redactor.redact_value(SECRET, policy="strict") == FAILED
    assert redactor.counters == {"truncated": 1, "failed": 1}
