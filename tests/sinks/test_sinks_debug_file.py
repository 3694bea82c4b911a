"""The debug file as a view of recorded spans, written through the sink's public face."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

import agentglass
from agentglass.errors import OptionError
from agentglass.record import get_active_span, traced_node
from agentglass.sinks import open_sink
from agentglass.sinks.debug_file import WARN_BYTES
from agentglass.sinks.debug_limits import DebugLimits
from agentglass.spans import Cost, Delivered, Retry, Trace, Usage
from agentglass.testing import FakeClock, SequentialIds, capture

DAY_NS = 86_400 * 10**9


def record_runs(count: int = 1, *, start_ns: int = 20_000 * DAY_NS) -> list[Trace]:
    """Return traces of a node that asks a model and writes `answer`; all start in one second."""

    def ask(state: dict[str, Any]) -> dict[str, Any]:
        messages = [{"role": "user", "content": state["question"]}]
        with agentglass.span("chat one", type="llm", input={"messages": messages}) as call:
            call.set_attribute("gen_ai.request.model", "one")
            call.usage = Usage(input_tokens=3, output_tokens=2, reasoning_tokens=1)
            call.cost = Cost.from_usd("0.5")
            call.output = {"role": "assistant", "content": "Sand."}
        return {"answer": "Sand."}

    node = traced_node("ask", ask)
    with capture(clock=FakeClock(start_ns), ids=SequentialIds()) as captured:
        for _ in range(count):
            with agentglass.trace("run"):
                node({"question": "What is glass?", "__hidden__": 1, "answer": None})
    return captured.traces


def contents(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(directory.iterdir())]


def test_a_trace_becomes_a_file_with_its_nodes(tmp_path: Path) -> None:
    """P-K3: the view holds what the spans of the nodes hold."""
    sink = open_sink("debug_file", directory=tmp_path)

    assert sink.deliver(record_runs()) == Delivered()

    (view,) = contents(tmp_path)
    (node,) = view["nodes"]
    assert view["llm_summary"] == {"total_calls": 1, "total_tokens": 5, "models_used": ["one"]}
    assert node["shared_before"] == {"question": "What is glass?", "answer": None}
    assert node["mutations"] == {"added": [], "removed": [], "modified": ["answer"]}
    assert node["llm_call"] == {
        "node_id": "ask",
        "model": "one",
        "input_tokens": 3,
        "output_tokens": 2,
        "total_tokens": 5,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "thinking_tokens": 1,
        "duration_ms": node["llm_call"]["duration_ms"],
        "is_planner": False,
        "total_cost_usd": 0.5,
    }


def test_runs_of_one_second_have_a_file_each(tmp_path: Path) -> None:
    """P-T3: the second one's name has a short suffix."""
    first, second = record_runs(2)

    open_sink("debug_file", directory=tmp_path).deliver([first, second])

    long, short = sorted((file.name for file in tmp_path.iterdir()), key=len, reverse=True)
    assert long == short.replace(".json", f"-{second.summary.trace_id[:6]}.json")
    assert {view["execution_id"] for view in contents(tmp_path)} == {
        first.summary.run_id,
        second.summary.run_id,
    }


def test_the_same_run_again_replaces_its_file(tmp_path: Path) -> None:
    traces = record_runs(2)
    sink = open_sink("debug_file", directory=tmp_path)

    sink.deliver(traces)
    sink.deliver(traces)

    assert len(contents(tmp_path)) == 2


def test_the_planner_has_a_name_of_its_own(tmp_path: Path) -> None:
    open_sink("debug_file", directory=tmp_path, kind="planner").deliver(record_runs())

    (file,) = tmp_path.iterdir()
    assert file.name.startswith("agentglass-trace-planner-")


def test_without_a_directory_the_home_has_one(home: Path) -> None:
    """P-T2: `debug` in the home."""
    open_sink("debug_file").deliver(record_runs())

    assert len(contents(home / "debug")) == 1


def test_a_call_without_usage_is_in_the_file_with_its_texts(tmp_path: Path) -> None:
    def ask(state: dict[str, Any]) -> dict[str, Any]:
        with agentglass.span("chat one", type="llm", input="Why?") as call:
            call.output = "Because."
        return {}

    with capture() as captured, agentglass.trace("run"):
        traced_node("ask", ask)({})
    open_sink("debug_file", directory=tmp_path).deliver(captured.traces)

    (node,) = contents(tmp_path)[0]["nodes"]
    assert (node["llm_prompt"], node["llm_response"]) == ("Why?", "Because.")
    assert (node["llm_call"]["model"], node["llm_call"]["total_tokens"]) == ("chat one", 0)


def test_of_a_call_inside_a_call_the_inner_one_is_in_the_file(tmp_path: Path) -> None:
    def ask(state: dict[str, Any]) -> dict[str, Any]:
        with agentglass.span("framework", type="llm", input="outer"):
            with agentglass.span("provider", type="llm", input="inner") as call:
                call.usage = Usage(input_tokens=1, output_tokens=1)
        return {}

    with capture() as captured, agentglass.trace("run"):
        traced_node("ask", ask)({})
    open_sink("debug_file", directory=tmp_path).deliver(captured.traces)

    (view,) = contents(tmp_path)
    assert view["llm_summary"]["total_calls"] == 1
    assert view["nodes"][0]["llm_prompt"] == "inner"


def test_a_node_that_failed_shows_its_error_and_its_resolutions(tmp_path: Path) -> None:
    """P-C19: the error of a node is text, type first."""

    def fail(state: dict[str, Any]) -> dict[str, Any]:
        get_active_span().set_attribute("agentglass.template_resolutions", {"{a}": 1})
        raise LookupError("nothing there")

    with capture() as captured:
        with pytest.raises(LookupError), agentglass.trace("run"):
            traced_node("fail", fail)({"a": 1})
    open_sink("debug_file", directory=tmp_path).deliver(captured.traces)

    (node,) = contents(tmp_path)[0]["nodes"]
    assert (node["success"], node["error"]) == (False, "LookupError: nothing there")
    assert node["template_resolutions"] == {"{a}": 1}


def test_a_directory_that_cannot_be_made_is_tried_again_later(tmp_path: Path) -> None:
    """P-C29: the sink answers that it could not write, and raises nothing."""
    (tmp_path / "file").write_text("in the way")

    answer = open_sink("debug_file", directory=tmp_path / "file").deliver(record_runs())

    assert isinstance(answer, Retry)


def test_a_large_file_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = ["x" * 9_000] * 110
    node = traced_node("grow", lambda state: {"rows": rows})
    with capture() as captured:
        for _ in range(2):
            with agentglass.trace("run"):
                for _ in range(6):
                    node({"rows": rows})
    sink = open_sink("debug_file", directory=tmp_path)

    with caplog.at_level(logging.WARNING, "agentglass"):
        sink.deliver(captured.traces)

    assert all(file.stat().st_size > WARN_BYTES for file in tmp_path.iterdir())
    assert [record.message.partition(" has ")[2] for record in caplog.records] == [
        "11 MB; lower AGENTGLASS_TRACE_STORE_MAX to keep less"
    ]


def test_the_limits_are_those_of_the_format() -> None:
    assert DebugLimits.from_env({}) == DebugLimits(
        prompt=50_000, response=20_000, store_string=10_000, store_dict=50_000, llm_calls=100
    )


def test_our_variables_win_over_the_older_ones() -> None:
    environ = {"AGENTGLASS_TRACE_PROMPT_MAX": "7", "PFLOW_TRACE_PROMPT_MAX": "8"}

    assert DebugLimits.from_env(environ).prompt == 7


@pytest.mark.parametrize("text", ["", "-1", "1.5", "10k"])
def test_a_limit_that_is_no_whole_number_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGLASS_TRACE_DICT_MAX", text)

    with pytest.raises(OptionError, match="Expected a whole number"):
        open_sink("debug_file")


def test_the_calls_of_a_store_are_the_latest_ones(tmp_path: Path) -> None:
    def ask(state: dict[str, Any]) -> dict[str, Any]:
        for number in range(4):
            with agentglass.span(f"call {number}", type="llm") as call:
                call.usage = Usage(input_tokens=number, output_tokens=0)
        return {}

    with capture() as captured, agentglass.trace("run"):
        traced_node("ask", ask)({})
    limits = DebugLimits(llm_calls=2)
    open_sink("debug_file", directory=tmp_path, limits=limits).deliver(captured.traces)

    (node,) = contents(tmp_path)[0]["nodes"]
    kept = [call["input_tokens"] for call in node["shared_after"]["__llm_calls__"]]
    assert kept == [2, 3]


def test_a_mapping_that_is_too_large_says_how_much_is_left_out(tmp_path: Path) -> None:
    node = traced_node("grow", lambda state: {})
    with capture() as captured, agentglass.trace("run"):
        node({"table": {f"k{n}": "x" * 10 for n in range(10)}})
    limits = DebugLimits(store_dict=50)

    open_sink("debug_file", directory=tmp_path, limits=limits).deliver(captured.traces)

    table = contents(tmp_path)[0]["nodes"][0]["shared_before"]["table"]
    assert table["... [truncated]"] == "8 of 10 entries left out"
    assert list(table)[:2] == ["k0", "k1"]
