import asyncio
import inspect

import pytest

from agentglass.errors import OptionError
from agentglass.spans import Status, names
from agentglass.testing import capture
from agentglass.workflow import (
    aexecute,
    compile_workflow,
    load,
    run_workflow,
)


def test_a_run_is_a_root_with_one_child_per_node(flow):
    """A-US1.1, A-US1, A-FR1: each node has its own span with time, input and output."""
    with capture() as recorded:
        result = run_workflow(flow, {"text": "a b c"}, tags={"team": "x"}, session_id="s1")

    assert result.result == "a b c: 3"
    assert result.status is Status.OK
    assert recorded.outline().splitlines() == [
        "counting workflow ok",
        "  Measure the text node ok",
        "  report node ok",
    ]
    root, measure, report = recorded.spans
    assert root.input == {"text": "a b c"}
    assert root.output == "a b c: 3"
    summary = recorded.trace.summary
    assert summary.tags == {"workflow": "counting", "team": "x"}
    assert summary.session_id == "s1"
    assert (summary.run_id, summary.trace_id) == (result.run_id, result.trace_id)
    assert recorded.trace.completeness.is_complete
    assert root.attributes == {
        names.WORKFLOW_NAME: "counting",
        names.WORKFLOW_VERSION: "3",
        names.WORKFLOW_NODES_TOTAL: 2,
    }
    assert measure.input == {"text": "a b c", "words": 0, "notes": None, "report": None}
    assert measure.output == {"words": 3, "notes": "counted"}
    assert report.input["notes"] == ["counted"]
    assert all(span.duration_ns is not None for span in recorded.spans)


def test_a_nodes_attributes_speak_of_what_it_wrote(flow):
    """T3907, T3908: a node's span carries the attributes that the workflow asks for."""
    with capture() as recorded:
        run_workflow(flow, {"text": "a b c"})

    attributes = recorded.span("Measure the text").attributes
    assert attributes[names.NODE_ID] == "measure"
    assert attributes[names.NODE_TYPE] == "python"
    assert attributes["word_count"] == 3
    assert attributes["first_note"] == "counted"
    assert attributes[names.STATE_MERGED] == {"notes": ["counted"]}
    # An attribute that cannot be filled in never fails the run that it describes.
    assert "no item 9" in attributes["far"]


def test_template_resolutions_are_recorded(flow):
    """P-T7, P-T5: what every template stood for is on the node's span."""
    with capture() as recorded:
        run_workflow(flow, {"text": "a {words}"})

    assert recorded.span("Measure the text").attributes[names.TEMPLATE_RESOLUTIONS] == {
        "{state.text}": "a {words}"
    }
    report = recorded.span("report")
    assert report.attributes[names.TEMPLATE_RESOLUTIONS] == {"{text}": "a {words}", "{words}": 2}
    assert report.output["report"] == "a {words}: 2"


def test_an_input_that_hides_a_field_leaves_both_resolutions(write):
    path = write(
        'schema_version: "1.0"\nflow: {name: x}\nstate: {fields: {x: str}}\n'
        'nodes: [{id: a, type: set, inputs: {x: "<{x}>"}, values: {x: "{x}!"}}]\n'
    )

    with capture() as recorded:
        run_workflow(path, {"x": "1"})

    assert recorded.span("a").attributes[names.TEMPLATE_RESOLUTIONS] == {
        "{x}": "<1>",
        "{state.x}": "1",
    }


def test_at_level_metrics_the_same_spans_hold_no_contents(flow):
    with capture() as recorded:
        result = run_workflow(flow, {"text": "a b c"}, level="metrics")

    assert result.result == "a b c: 3"
    assert [span.type for span in recorded.spans] == ["workflow", "node", "node"]
    for span in recorded.spans:
        assert span.input is None
        assert span.output is None
        assert names.TEMPLATE_RESOLUTIONS not in span.attributes
        assert names.STATE_MERGED not in span.attributes


def test_at_level_off_nothing_is_recorded_and_the_result_is_whole(flow):
    """P-M1: nothing is recorded, and the run still knows its steps."""
    with capture() as recorded:
        result = run_workflow(flow, {"text": "a b c"}, level="off")

    assert recorded.spans == []
    assert (result.level, result.run_id, result.trace_id) == ("off", None, None)
    assert result.result == "a b c: 3"
    assert [(step.node_id, step.status) for step in result.steps] == [
        ("measure", Status.OK),
        ("report", Status.OK),
    ]


def test_at_level_off_the_graph_holds_the_original_functions(flow):
    """P-I2: the wrapper is applied where the graph is compiled; at level off there is none."""
    workflow = load(flow)

    plain = compile_workflow(workflow, is_recorded=False).builder.nodes["measure"].runnable.afunc
    traced = compile_workflow(workflow).builder.nodes["measure"].runnable

    assert inspect.isfunction(plain)
    assert not hasattr(plain, "__wrapped__")
    assert "traced" in repr(traced.afunc or traced.func)


def test_a_python_node_sees_the_state_and_records_below_its_span(one_node):
    path = one_node('callable: "steps:look", outputs: [text]')

    with capture() as recorded:
        result = run_workflow(path)

    assert result.result == "0 words"
    assert recorded.outline().splitlines() == [
        "one workflow ok",
        "  only node ok",
        "    inner tool ok",
    ]
    assert recorded.span("only").attributes["seen"] == ["text", "words"]


def test_a_node_cannot_change_the_state_behind_the_back_of_its_outputs(one_node):
    with capture():
        result = run_workflow(one_node('callable: "steps:mutate"'))

    assert result.state == {"words": 0, "text": None}


async def test_runs_at_the_same_time_keep_their_steps_apart(flow):
    workflow = load(flow)

    with capture() as recorded:
        results = await asyncio.gather(
            *(aexecute(workflow, {"text": "a " * size}) for size in range(8))
        )

    assert [result.state["words"] for result in results] == list(range(8))
    assert all(len(result.steps) == 2 for result in results)
    assert len(recorded.traces) == 8
    assert all(len(trace.spans) == 3 for trace in recorded.traces)


def test_the_level_is_the_argument_then_the_environment_then_the_file(flow, write, monkeypatch):
    in_file = write(
        flow.read_text() + 'config: {observability: {level: "metrics"}}\n', "levels.yaml"
    )

    def used(path, wanted=None):
        with capture():
            return run_workflow(path, {"text": "a"}, level=wanted).level

    assert used(flow) == "trace"
    assert used(in_file) == "metrics"
    monkeypatch.setenv("AGENTGLASS_LEVEL", "off")
    assert used(in_file) == "off"
    assert used(in_file, "trace") == "trace"
    monkeypatch.setenv("AGENTGLASS_LEVEL", "loud")
    with pytest.raises(OptionError, match="loud"):
        used(in_file)


def test_personal_data_is_hidden_where_the_file_asks_for_it(flow, write):
    path = write(flow.read_text() + "config: {observability: {redact_pii: true}}\n")

    with capture() as recorded:
        result = run_workflow(path, {"text": "ask ann@example.com now"})

    assert result.result == "ask ann@example.com now: 3"
    assert "ann@example.com" not in repr([(span.input, span.output) for span in recorded.spans])


def test_a_long_workflow_runs_to_its_end(write):
    nodes = "".join(f"  - {{id: n{i}, type: set, values: {{total: 1}}}}\n" for i in range(60))
    path = write(
        'schema_version: "1.0"\nflow: {name: long}\n'
        "state: {fields: {total: {type: int, reducer: sum}}}\n"
        f"nodes:\n{nodes}"
    )

    with capture() as recorded:
        result = run_workflow(path)

    assert result.result == 60
    assert len(recorded.spans) == 61


def test_a_workflow_without_state_runs(write, steps):
    path = write(
        'schema_version: "1.0"\nflow: {name: bare}\n'
        'nodes: [{id: only, type: python, callable: "steps:many"}]\n'
    )

    with capture():
        result = run_workflow(path)

    assert (result.status, result.result, result.state) == (Status.OK, {}, {})


def test_a_node_and_a_field_may_share_a_name(write):
    path = write(
        'schema_version: "1.0"\nflow: {name: x}\nstate: {fields: {summary: str}}\n'
        "nodes: [{id: summary, type: set, values: {summary: done}}]\n"
    )

    with capture() as recorded:
        assert run_workflow(path).result == "done"

    assert recorded.span("summary").attributes[names.NODE_ID] == "summary"


@pytest.mark.parametrize(
    ("reducer", "type_", "given", "merged"),
    [
        ("append", "list[int]", [1], [1, 2, 2]),
        ("sum", "int", 1, 5),
        ("max", "int", 1, 2),
        ("last", "int", 1, 2),
    ],
)
def test_writes_join_the_state_by_the_fields_reducer(write, reducer, type_, given, merged):
    path = write(
        'schema_version: "1.0"\nflow: {name: x}\n'
        f'state: {{fields: {{x: {{type: "{type_}", reducer: {reducer}}}}}}}\n'
        "nodes: [{id: a, type: set, values: {x: 2}}, {id: b, type: set, values: {x: 2}}]\n"
    )

    with capture():
        assert run_workflow(path, {"x": given}).result == merged


def test_a_node_that_alters_the_state_in_place_is_found_out(write, tmp_path):
    (tmp_path / "altering.py").write_text("def alter(box):\n    box['seen'] = True\n    return 1\n")
    path = write(
        'schema_version: "1.0"\nflow: {name: x}\n'
        "state: {fields: {box: {type: dict, default: {a: 1}}, other: {type: list, default: [1]},"
        " n: int}}\n"
        'nodes: [{id: a, type: python, callable: "altering:alter", inputs: {box: "{box}"},'
        " outputs: [n]}]\n"
    )

    with capture() as recorded:
        run_workflow(path)

    span = recorded.span("a")
    assert span.input["box"] == {"a": 1}
    assert span.attributes[names.STATE_MERGED] == {"box": {"a": 1, "seen": True}}
