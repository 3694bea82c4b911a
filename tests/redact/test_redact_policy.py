"""Policies: how two combine, and what is no policy."""

import re

import pytest

from agentglass.errors import OptionError
from agentglass.redact import RedactionPolicy


def test_what_either_policy_hides_is_hidden_by_both_together() -> None:
    first = RedactionPolicy(pii=True, key_names=frozenset({"a"}), patterns=("x",))
    second = RedactionPolicy(secrets=False, key_names=frozenset({"b"}), patterns=("y", "x"))

    both = first | second

    assert both.secrets
    assert both.pii
    assert both.key_names == {"a", "b"}
    assert both.patterns == (re.compile("x"), re.compile("y"))


def test_what_either_policy_does_not_capture_is_not_captured() -> None:
    both = RedactionPolicy(capture_inputs=False) | RedactionPolicy(
        capture_outputs=False, enabled=False
    )

    assert both.enabled
    assert not both.capture_inputs
    assert not both.capture_outputs


def test_a_policy_that_is_off_takes_no_part() -> None:
    off = RedactionPolicy(enabled=False, pii=True, replacement="<off>")

    assert off | RedactionPolicy() == RedactionPolicy() | off == RedactionPolicy()
    assert not (off | off).enabled


def test_the_word_of_the_policy_on_top_wins_unless_it_is_the_default() -> None:
    stars, dashes = RedactionPolicy(replacement="***"), RedactionPolicy(replacement="---")

    assert (stars | dashes).replacement == "---"
    assert (stars | RedactionPolicy()).replacement == "***"


def test_the_fields_may_be_given_as_any_collection_and_the_policy_is_hashable() -> None:
    policy = RedactionPolicy(key_names=["a"], patterns=["x"])

    assert hash(policy) == hash(RedactionPolicy(key_names={"a"}, patterns=("x",)))


@pytest.mark.parametrize("pattern", ["(", 5])
def test_a_pattern_that_cannot_be_compiled_is_refused(pattern: object) -> None:
    with pytest.raises(OptionError, match=r"The redaction pattern .* cannot be used"):
        RedactionPolicy(patterns=(pattern,))


def test_an_empty_replacement_is_refused() -> None:
    with pytest.raises(OptionError, match="The replacement is empty"):
        RedactionPolicy(replacement="")
