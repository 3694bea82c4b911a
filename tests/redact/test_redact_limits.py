"""Limits: what is cut, how it is marked, how the original is remembered."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentglass.errors import OptionError
from agentglass.redact import (
    CUT,
    MARKER,
    Limits,
    RedactionPolicy,
    Redactor,
    attribute_view,
    bound,
    cut_text,
)
from agentglass.spans import Event, Link, Span, names

SECRET = "ghp_" + "s" * 36
SMALL = Limits(value_bytes=400, span_bytes=2000, depth=4)

texts = st.text(st.characters(codec=None) | st.sampled_from("aé€😀\ud800"), max_size=60)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def redacted(value: Any, limits: Limits = SMALL, **policy: Any) -> tuple[Any, dict[str, Any]]:
    """Return a span's input after redaction, and what its attributes say about cuts."""
    span = Span(trace_id="a" * 32, span_id="b" * 16, name="x", start_ns=1, input=value)
    Redactor(RedactionPolicy(**policy), limits)(span)
    return span.input, span.attributes.get(names.TRUNCATED, {})


@given(texts, st.integers(-1, 70))
def test_a_cut_text_is_the_longest_prefix_that_fits(text: str, limit: int) -> None:
    kept, was_cut = cut_text(text, limit)

    encode = ("utf-8", "surrogatepass")
    assert text.startswith(kept)
    assert was_cut == (kept != text)
    assert len(kept.encode(*encode)) <= max(limit, 0)
    if was_cut:
        assert len(text[: len(kept) + 1].encode(*encode)) > limit


@pytest.mark.parametrize("number", [0, -1, 1.5, "9"])
def test_a_limit_that_is_no_positive_number_is_refused(number: object) -> None:
    with pytest.raises(OptionError, match=r"`depth` is .*a whole number above 0"):
        Limits(depth=number)


def test_a_text_within_the_limit_is_whole() -> None:
    assert redacted("é" * 200) == ("é" * 200, {})


@pytest.mark.parametrize("text", ["x" * 401, "é" * 201, "😀" * 5000, "\ud800" * 5000])
def test_a_text_over_the_limit_ends_with_the_marker_and_its_original_is_remembered(
    text: str,
) -> None:
    value, truncated = redacted(text)

    kept = value.removesuffix(MARKER)
    assert value == kept + MARKER
    assert len(value.encode()) <= 400
    assert text.replace("\ud800", "\ufffd").startswith(kept)
    assert truncated == {
        "input": {"original_length": len(text), "kept": len(kept), "sha256": sha256(text)}
    }


@pytest.mark.parametrize("carry", [lambda value: value, lambda value: bound(value, SMALL)])
@given(position=st.integers(300, 420), separator=st.sampled_from([" ", "\n", "é "]))
def test_no_part_of_a_secret_on_the_cut_survives(
    carry: Callable[[Any], Any], position: int, separator: str
) -> None:
    text = "x" * position + separator + SECRET + separator + "y" * 2000

    value, _ = redacted(carry(text))

    assert "ghp_" not in value
    assert len(value.encode()) <= 400


def test_text_that_shrinks_by_redaction_does_not_uncover_the_end_of_what_was_read() -> None:
    text = (SECRET + " ") * 14 + "tail " + SECRET + "y" * 2000

    value, truncated = redacted(text)

    assert set(value.removesuffix(MARKER).split()) <= {"[REDACTED]"}
    assert truncated["input"]["original_length"] == len(text)


def test_a_replacement_on_the_cut_stays_whole() -> None:
    for position in range(350, 400):
        value, _ = redacted("x" * position + " password=" + SECRET + " " + "y" * 50)

        assert redacted(value) == (value, {})


def test_items_are_kept_in_order_until_the_limit_and_a_marker_follows() -> None:
    value, truncated = redacted({"a": [f"item {n:03}" for n in range(100)], "z": 1})

    assert value == {"a": [f"item {n:03}" for n in range(30)] + [MARKER], MARKER: True}
    assert truncated == {
        "input.a": {"original_length": 100, "kept": 30},
        "input": {"original_length": 2, "kept": 1},
    }
    assert redacted(value)[0] == value


def test_a_path_is_written_as_one_would_index() -> None:
    _, truncated = redacted({"a b": [{"c": "x" * 500}]})

    assert list(truncated) == ['input["a b"][0].c']


def test_containers_within_containers_end_at_the_depth_limit() -> None:
    value, _ = redacted({"a": [[[["deep"]]], "flat"]})

    assert value == {"a": [[["<depth limit>"]], "flat"]}


def test_a_chain_of_a_million_containers_is_no_problem() -> None:
    chain: list[Any] = []
    for _ in range(1_000_000):
        chain = [chain]

    value, _ = redacted(chain, Limits())
    assert json.dumps(value).count("[") == 20

    while chain:
        chain = chain.pop()


def test_a_web_of_shared_references_ends_at_the_limit() -> None:
    web: list[Any] = ["x"]
    for _ in range(15):
        web = [web] * 10

    value, _ = redacted(web, Limits(value_bytes=10_000))

    assert len(json.dumps(value)) < 20_000


def test_a_span_over_its_limit_keeps_what_comes_first() -> None:
    span = Span(
        trace_id="a" * 32,
        span_id="b" * 16,
        name="n" * 1000,
        start_ns=1,
        input="i" * 1000,
        output="o" * 1000,
        attributes={f"k{n}": "v" * 500 for n in range(10)},
        events=[Event("event", 1, {"a": "x"})],
        links=[Link("c" * 32, "d" * 16, {"a": "x"})],
    )

    Redactor(limits=SMALL)(span)

    assert span.name == "n" * 487 + MARKER
    kept = [value for name, value in span.attributes.items() if name[0] == "k"]
    assert len(kept) == 5
    assert all(value.endswith(MARKER) and len(value) <= 400 for value in kept)
    assert span.attributes[MARKER] is True
    assert span.input == span.output == MARKER
    assert span.events == [Event("event", 1, {MARKER: True})]
    assert span.links == [Link("c" * 32, "d" * 16, {MARKER: True})]
    assert span.attributes[names.TRUNCATED]["attributes"] == {"original_length": 10, "kept": 5}


def test_bounding_leaves_small_values_equal_and_shares_nothing_with_them() -> None:
    state = {"a": [1, {"b": (2.5, None)}], 3: "c"}

    copy = bound(state)

    assert copy == {"a": [1, {"b": [2.5, None]}], "3": "c"}
    copy["a"][1]["b"].append("changed")
    assert state == {"a": [1, {"b": (2.5, None)}], 3: "c"}


def test_bounding_remembers_what_the_redactor_reports() -> None:
    """A huge value is cut when it is recorded, and its length and hash are not lost."""
    huge = {"first": ["x" * 100] * 50, "log": "y" * 50_000_000, "z": 1}
    state = {"log": "y" * 50_000_000, "z": 1}

    carried, carried_text = bound(huge, SMALL), bound(state, SMALL)

    assert len(json.dumps(carried)) < 2000
    assert redacted(carried) == redacted(huge)
    assert redacted(carried)[1]["input.first"]["original_length"] == 50
    assert redacted(carried_text) == redacted(state)
    assert redacted(carried_text)[1]["input.log"] == {
        "original_length": 50_000_000,
        "kept": 170,
        "sha256": sha256(state["log"]),
    }
    assert redacted(carried_text)[0]["z"] == 1
    assert bound(carried, SMALL) == carried
    assert bound(carried_text, SMALL) == carried_text


def test_what_redaction_makes_longer_is_cut_again_and_the_first_length_is_reported() -> None:
    carried = bound({"a": ["pwd=x"] * 90, "b": 1}, SMALL)

    value, truncated = redacted(carried)

    assert value == {"a": ["pwd=[REDACTED]"] * 20 + [MARKER], MARKER: True}
    assert truncated["input.a"] == {"original_length": 90, "kept": 20}
    assert bound(bound(carried, SMALL), Limits(value_bytes=100))["a"][-1] == {CUT: 90}


def test_a_carrier_under_a_secret_name_is_hidden() -> None:
    assert redacted(bound({"password": "x" * 1000}, SMALL)) == ({"password": "[REDACTED]"}, {})


@pytest.mark.parametrize("forged", [["x", 5, SECRET], ["x", "5", "a" * 64], SECRET, True])
def test_a_forged_carrier_is_data_like_any_other(forged: Any) -> None:
    value, truncated = redacted({CUT: forged})

    assert SECRET not in json.dumps([value, truncated])
    assert truncated == {}


def test_the_attribute_view_cuts_stdout_at_4_kb_stderr_at_2_kb_and_the_rest_at_2_kb() -> None:
    """Three limits, each on UTF-8 boundaries, with the original remembered."""
    attributes = {
        "stdout": "é" * 5000,
        "sandbox.stderr": "e" * 5000,
        "state": {"rows": ["r" * 5000]},
        "small": {"kept": (1,)},
        "number": 7,
    }

    view = attribute_view(attributes)

    assert view["stdout"] == "é" * 2048 + MARKER
    assert view["sandbox.stderr"] == "e" * 2048 + MARKER
    assert view["state"] == json.dumps(attributes["state"])[:2048] + MARKER
    assert view["small"] is attributes["small"]
    assert view["number"] == 7
    assert set(view[names.TRUNCATED]) == {"stdout", "sandbox.stderr", "state"}
    assert view[names.TRUNCATED]["stdout"] == {
        "original_length": 5000,
        "kept": 2048,
        "sha256": sha256("é" * 5000),
    }


def test_the_limits_of_the_attribute_view_can_be_set() -> None:
    """All three are configurable; what was cut in the record stays reported."""
    limits = Limits(stdout_bytes=3, stderr_bytes=2, state_bytes=1)
    before = {"input": {"original_length": 9}}

    view = attribute_view(
        {"stdout": "abcd", "stderr": "abcd", "x": "abcd", names.TRUNCATED: before}, limits
    )

    assert (view["stdout"], view["stderr"], view["x"]) == (
        "abc" + MARKER,
        "ab" + MARKER,
        "a" + MARKER,
    )
    assert view[names.TRUNCATED]["input"] == {"original_length": 9}
    assert attribute_view({names.TRUNCATED: before}, limits) == {names.TRUNCATED: before}
