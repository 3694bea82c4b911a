import json

import pytest

from agentglass.errors import NodeError, WorkflowExecutionError
from agentglass.spans import Status, names
from agentglass.testing import Fault, LLMServer, Reply, capture
from agentglass.workflow import execute, load, run_workflow
from agentglass.workflow.answers import AnswerError, answer_schema, read_answer
from agentglass.workflow.field_types import parse_type

HEAD = """\
schema_version: "1.0"
flow: {name: asking}
state:
  fields:
    text: {type: str, required: true}
    answer: str
    score: int
    tags: {type: "list[str]", reducer: append}
    report: dict
"""

SCHEMA = (
    "output_schema: {type: object, fields: ["
    '{name: score, type: int, description: From 1 to 5.}, {name: tags, type: "list[str]"}]}'
)


def asking(node, replies=None, config="", outputs="[answer]"):
    options = f", options: {{replies: {json.dumps(replies)}}}" if replies is not None else ""
    return (
        HEAD
        + f"nodes: [{{id: ask, {node}, outputs: {outputs}}}]\n"
        + f"config: {{llm: {{provider: fake, model: m{options}}}{config}}}\n"
    )


def test_the_answer_of_a_model_is_written_to_the_state(write):
    """A-FR1: the model call is a child of the node's span."""
    path = write(asking('prompt: "Sum up: {text}", system: "Be {answer}brief."', ["Short."]))

    with capture() as recorded:
        result = run_workflow(path, {"text": "a {score} b"})

    assert result.result == "Short."
    assert recorded.outline().splitlines() == [
        "asking workflow ok",
        "  ask node ok",
        "    chat m llm ok",
    ]
    assert recorded.span("chat m").input["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Sum up: a {score} b"},
    ]
    assert recorded.span("ask").attributes[names.TEMPLATE_RESOLUTIONS] == {
        "{text}": "a {score} b",
        "{answer}": None,
    }


def test_usage_is_known_at_every_level(write):
    path = write(asking('prompt: "{text}"', ["one two three"]))

    for level in ("off", "metrics", "trace"):
        with capture():
            result = run_workflow(path, {"text": "a b"}, level=level)

        (call,) = result.model_calls
        assert (call.provider, call.model) == ("fake", "m")
        assert (call.usage.input_tokens, call.usage.output_tokens) == (2, 3)


def test_an_answer_with_a_schema_is_spread_over_the_outputs(write):
    path = write(
        asking(f"prompt: p, {SCHEMA}", ['{"score": 3, "tags": ["a"]}'], outputs="[score, tags]")
    )

    with capture() as recorded:
        result = run_workflow(path, {"text": "x"})

    assert result.result == {"score": 3, "tags": ["a"]}
    schema = recorded.span("chat m").input["output_schema"]
    assert schema["properties"] == {
        "score": {"type": "integer", "description": "From 1 to 5."},
        "tags": {"type": "array", "items": {"type": "string"}},
    }


def test_a_single_output_takes_the_whole_object(write):
    path = write(asking(f"prompt: p, {SCHEMA}", ['{"score": 3, "tags": []}'], outputs="[report]"))

    with capture():
        assert run_workflow(path, {"text": "x"}).result == {"score": 3, "tags": []}


def test_an_answer_that_cannot_be_read_is_asked_for_again(write):
    replies = ["nonsense", '{"score": "x", "tags": []}', '```json\n{"score": 3, "tags": []}\n```']
    path = write(asking(f"prompt: p, {SCHEMA}", replies, outputs="[score, tags]"))

    with capture() as recorded:
        result = run_workflow(path, {"text": "x"})

    assert result.state["score"] == 3
    assert len(result.model_calls) == 3
    calls = [span for span in recorded.spans if span.type == "llm"]
    assert len(calls) == 3
    assert calls[2].input["messages"][-2:] == [
        {"role": "assistant", "content": '{"score": "x", "tags": []}'},
        {
            "role": "user",
            "content": "Your answer cannot be used: ['score']: expected int, got 'x'. "
            "Answer again, with the JSON alone.",
        },
    ]


def test_after_the_last_retry_the_node_fails_and_its_usage_is_kept(write):
    text = asking(
        f"prompt: p, {SCHEMA}", ["no"], ", execution: {max_retries: 1}", outputs="[score, tags]"
    )
    workflow = load(write(text))

    with capture() as recorded:
        result = execute(workflow, {"text": "x"})

    assert isinstance(result.error, NodeError)
    assert "it is not JSON" in str(result.error)
    assert len(result.model_calls) == 2
    assert recorded.span("ask").status is Status.ERROR


def test_a_fault_of_the_provider_reaches_the_caller(write):
    path = write(asking("prompt: p", [{"error": "overloaded"}]))

    with capture() as recorded, pytest.raises(WorkflowExecutionError, match="overloaded"):
        run_workflow(path, {"text": "x"})

    assert recorded.span("chat m").status is Status.ERROR


def test_a_script_goes_on_from_node_to_node(write):
    path = write(
        HEAD
        + "nodes:\n"
        + "  - {id: one, prompt: p, outputs: [answer]}\n"
        + "  - {id: two, prompt: p, outputs: [tags]}\n"
        + "config: {llm: {provider: fake, model: m, options: {replies: [first, second]}}}\n"
    )

    with capture():
        result = run_workflow(path, {"text": "x"})

    assert (result.state["answer"], result.state["tags"]) == ("first", ["second"])


def test_a_nodes_settings_win_over_the_files_and_a_chosen_model_over_both(write):
    path = write(
        HEAD
        + "nodes:\n"
        + "  - {id: one, prompt: p, outputs: [answer], llm: {temperature: 0.5}}\n"
        + "  - {id: two, prompt: p, outputs: [answer], llm: {model: fake/b}}\n"
        + "config: {llm: {provider: fake, model: a, temperature: 1, max_tokens: 9,"
        + " parameters: {seed: 1}}}\n"
    )

    def calls(model=None):
        with capture() as recorded:
            run_workflow(path, {"text": "x"}, model=model)
        return [
            (
                span.attributes[names.PROVIDER],
                span.attributes[names.REQUEST_MODEL],
                span.attributes[names.REQUEST_TEMPERATURE],
                span.attributes[names.REQUEST_MAX_TOKENS],
            )
            for span in recorded.spans
            if span.type == "llm"
        ]

    assert calls() == [("fake", "a", 0.5, 9), ("fake", "fake/b", 1.0, 9)]
    assert calls("local/extractive") == [
        ("local", "extractive", 0.5, 9),
        ("local", "extractive", 1.0, 9),
    ]


def test_a_model_may_be_written_with_its_provider(write):
    path = write(
        HEAD
        + "nodes: [{id: one, prompt: p, outputs: [answer]}]\n"
        + "config: {llm: {model: fake/some/model}}\n"
    )

    with capture() as recorded:
        run_workflow(path, {"text": "x"})

    assert recorded.span("chat some/model").attributes[names.PROVIDER] == "fake"


def test_the_local_model_runs_a_workflow_without_network_or_key(write):
    text = "Glass is clear. " + "Sand is found on beaches. " * 30
    path = write(
        HEAD
        + 'nodes: [{id: digest, prompt: "Summarise in one sentence:\\n\\n{text}",'
        + " outputs: [answer]}]\nconfig: {llm: {provider: local, model: extractive}}\n"
    )

    with capture():
        result = run_workflow(path, {"text": text})

    assert result.result
    assert result.model_calls[0].cost_usd == 0


def test_an_openai_compatible_server_answers_over_http(write):
    answer = '{"score": 4, "tags": ["b"]}'
    with LLMServer(replies=[Fault(status=429, retry_after_s=0), Reply(text=answer)]) as server:
        path = write(
            HEAD
            + f"nodes: [{{id: ask, prompt: p, outputs: [score, tags], {SCHEMA}}}]\n"
            + f'config: {{llm: {{provider: openai, model: m, api_base: "{server.base_url}",'
            + " parameters: {top_p: 0.5}}}\n"
        )
        with capture() as recorded:
            result = run_workflow(path, {"text": "x"})

    assert result.result == {"score": 4, "tags": ["b"]}
    assert recorded.span("chat m").attributes[names.CALL_RETRIES] == 1
    assert result.model_calls[0].usage.input_tokens is not None


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("str", "any {text}", "any {text}"),
        ("int", "3", 3),
        ("int", '{"value": 3}', 3),
        ("list[str]", '["a"]', ["a"]),
        ("list[str]", '{"value": ["a"]}', ["a"]),
        ("bool", "```\ntrue\n```", True),
        ("dict[str, int]", '{"value": 1}', {"value": 1}),
    ],
)
def test_an_answer_is_read_as_its_type(type_, text, value):
    assert read_answer(text, parse_type(type_)) == value


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("int", "three"),
        ("int", "NaN"),
        ("int", "3.5"),
        ("int", ""),
        ("list[int]", '["a"]'),
        ("dict", "[]"),
        ("dict", "{" * 100_000),
    ],
)
def test_an_answer_of_another_type_is_refused(type_, text):
    with pytest.raises(AnswerError):
        read_answer(text, parse_type(type_))


def test_what_is_no_object_travels_inside_one():
    assert answer_schema(parse_type("str")) is None
    assert answer_schema(parse_type("list[int]")) == {
        "type": "object",
        "properties": {"value": {"type": "array", "items": {"type": "integer"}}},
        "required": ["value"],
        "additionalProperties": False,
    }
