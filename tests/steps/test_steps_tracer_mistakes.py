"""What the Tracer says to values that do not fit, and to steps out of turn."""

import pytest

from agentglass.errors import StepValidationError, TracerError, TracerNotActiveError
from agentglass.steps import Tracer
from agentglass.testing import capture


@pytest.mark.parametrize(
    ("method", "arguments", "field"),
    [
        ("user_input", ({"no": "text"},), "content"),
        ("llm_call", (3, "q", "a"), "model"),
        ("llm_call", ("m", "q", None), "output"),
        ("tool_call", ("t", "no mapping", None), "arguments"),
        ("retrieval", ("q", [{"score": 2, "content": "c"}]), "results.0.score"),
        ("memory_read", ("q", None), "results"),
        ("memory_write", (None, "add", 1), "entity_type"),
        ("memory_write", ("fact", "drop", 1), "operation"),
        ("interrupt", ("p", "r", -1), "wait_duration_ms"),
        ("state_change", (None, 1), "state_key"),
    ],
)
def test_a_value_that_does_not_fit_names_step_and_field(method, arguments, field):
    with capture(), Tracer.run("bot") as tracer:
        with pytest.raises(StepValidationError, match=f"`{field}") as caught:
            getattr(tracer, method)(*arguments)

        assert "'step-0001'" in str(caught.value)
        assert method in str(caught.value)
        assert tracer.get_trace().steps == []
        assert tracer.user_input("next") == "step-0001"


def test_a_parent_that_is_not_there_is_named():
    with capture(), Tracer.run("bot") as tracer:
        with pytest.raises(StepValidationError, match="there is no step 'step-9999'"):
            tracer.user_input("hi", parent_step_id="step-9999")


def test_steps_are_recorded_within_the_run_only():
    tracer = Tracer("bot")
    with pytest.raises(TracerNotActiveError, match="has not begun"):
        tracer.user_input("hi")
    with capture():
        with tracer:
            pass
        with pytest.raises(TracerNotActiveError, match="has ended"):
            tracer.user_input("hi")
        with pytest.raises(TracerError, match="started before"), tracer:
            pass
