"""Off means absent; metrics means no contents."""

import agentglass
from agentglass.record.live import LiveSpan
from agentglass.testing import capture


def program():
    with agentglass.trace("run", input={"a": "secret text"}):
        with agentglass.span("call", type="llm", input="prompt", attributes={"n": 1}) as s:
            s.set_attribute("agentglass.template_resolutions", {"{x}": "prompt"})
            s.usage = agentglass.Usage(input_tokens=1, output_tokens=2)
            s.output = "answer"
        step("x")


@agentglass.traced
def step(value):
    return value * 2


def test_level_metrics_records_the_same_spans_without_contents():
    """P-M2, P-D1: timings, tokens and errors without input, output, state and templates."""
    with capture() as whole:
        program()
    with capture(level="metrics") as lean:
        program()

    assert lean.outline() == whole.outline()
    assert {(s.input, s.output) for s in lean.spans} == {(None, None)}
    assert lean.span("call").attributes == {"n": 1}
    assert lean.span("call").usage == whole.span("call").usage
    assert whole.span("step").input == {"value": "x"}


def test_level_off_records_nothing_and_makes_no_span():
    """P-M1: no collection at all."""
    with capture(level="off") as t:
        program()
        with agentglass.span("s") as s:
            assert not isinstance(s, LiveSpan)

    assert t.traces == []


def test_a_run_at_level_off_is_dark_below_too():
    with capture() as t, agentglass.trace("run", level="off"):
        with agentglass.span("below"):
            step("x")
        with agentglass.trace("nested"):
            pass

    assert t.traces == []


def test_a_run_can_have_a_level_of_its_own():
    with capture(level="off") as t, agentglass.trace("run", level="metrics"):
        with agentglass.span("below", input="x"):
            pass

    assert t.outline() == "run workflow ok\n  below span ok"
    assert t.span("below").input is None
    assert t.trace.summary.level == "metrics"
