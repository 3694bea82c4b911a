"""An agent works with tools over real HTTP: what it asks, what it calls, when it stops."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agentglass.errors import BudgetExceededError, NodeError, ToolError
from agentglass.spans import Status, names
from agentglass.testing import Fault, LLMServer, Reply, capture
from agentglass.testing.llm_server import RecordedRequest
from agentglass.workflow import RunResult, execute, load, validate_workflow

METER = '''
from agentglass.errors import BudgetExceededError


def read_meter(entity: str, hours: int = 24) -> dict:
    """Read how much an entity used.

    Args:
        entity: As in `light.hall`.
    """
    return {"entity": entity, "kwh": hours * 2}


def list_entities() -> list[str]:
    """List all entities."""
    return ["light.hall", "light.kitchen"]


def spend() -> None:
    """Ask another model."""
    raise BudgetExceededError("1 USD is spent")


def explode() -> None:
    """Fail."""
    raise RuntimeError("the meter is wet")
'''

ASK = [{"role": "user", "content": "What uses most?"}]


class House:
    """A workflow with one agent, and the server on which its model runs."""

    def __init__(self, write: Callable[..., Path]) -> None:
        self._write = write
        self.requests: list[RecordedRequest] = []
        write(METER, "meter.py")

    def file(self, extra: str, base_url: str = "http://127.0.0.1:9/v1") -> Path:
        """Write the workflow; `extra` is what the agent has besides its prompt, line by line."""
        lines = "".join(f"    {line}\n" for line in extra.strip().splitlines())
        prompt = "" if "messages:" in extra else '    prompt: "{question}"\n'
        return self._write(
            'schema_version: "1.0"\nflow: {name: house}\n'
            "state:\n  fields:\n    question: {type: str, default: What uses most?}\n"
            "    history: list[object]\n    answer: str\n    kwh: int\n    entity: str\n"
            "tools: {meter: meter:read_meter, explode: meter:explode}\n"
            f"nodes:\n  - id: analyst\n    type: agent\n{prompt}{lines}"
            + ("" if "outputs:" in extra else "    outputs: [answer]\n")
            + f'config:\n  llm: {{provider: openai, model: m, api_base: "{base_url}"}}\n'
            "  execution: {max_retries: 1}\n"
        )

    def ask(self, extra: str, *replies: Reply | Fault, **options: object) -> RunResult:
        """Run the workflow against a server with these answers."""
        with LLMServer(replies=replies) as server:
            result = execute(load(self.file(extra, server.base_url)), **options)  # type: ignore[arg-type]
        self.requests = server.requests
        return result

    def told(self, number: int) -> list[dict[str, str]]:
        """Return what the tools told the model, as of a request."""
        messages = self.requests[number].body["messages"]
        return [each for each in messages if each["role"] == "tool"]


@pytest.fixture
def house(write: Callable[..., Path]) -> House:
    """An agent with a meter to read."""
    return House(write)


def calling(*calls: tuple[str, dict[str, object] | str]) -> Reply:
    return Reply(tool_calls=calls)


def test_an_agent_calls_tools_until_its_model_answers(house: House) -> None:
    """A-US1: every call of the model and of a tool is a span below the agent's."""
    with capture() as recorded:
        result = house.ask(
            "tools: [meter]",
            calling(("meter", {"entity": "light.hall", "hours": 10})),
            Reply(text="The hall: 20 kWh."),
        )

    assert result.result == "The hall: 20 kWh."
    assert recorded.outline().splitlines() == [
        "house workflow ok",
        "  analyst agent ok",
        "    chat m llm ok",
        "    meter tool ok",
        "    chat m llm ok",
    ]
    assert recorded.span("meter").input == {"entity": "light.hall", "hours": 10}
    assert recorded.span("meter").output == {"entity": "light.hall", "kwh": 20}
    analyst = recorded.span("analyst").attributes
    assert (analyst[names.AGENT_NAME], analyst[names.AGENT_STOPPED_BY]) == ("analyst", "answer")


def test_the_model_is_told_of_its_tools_and_what_they_gave(house: House) -> None:
    house.ask("tools: [meter]", calling(("meter", {"entity": "x"})), Reply(text="done"))

    first, second = (request.body for request in house.requests)
    assert first["stream"] is True
    (tool,) = first["tools"]
    assert tool["function"]["name"] == "meter"
    assert tool["function"]["description"].startswith("Read how much an entity used.")
    assert tool["function"]["parameters"]["required"] == ["entity"]
    asked, called, told = second["messages"]
    assert asked == ASK[0]
    assert called["tool_calls"][0]["function"] == {"name": "meter", "arguments": '{"entity": "x"}'}
    assert told["tool_call_id"] == called["tool_calls"][0]["id"]
    assert json.loads(told["content"]) == {"entity": "x", "kwh": 48}


def test_several_calls_of_one_answer_are_all_made_and_told_in_order(house: House) -> None:
    with capture() as recorded:
        house.ask(
            "tools: [meter, meter:list_entities]",
            calling(("meter", {"entity": "a"}), ("list_entities", {}), ("meter", {"entity": "b"})),
            Reply(text="done"),
        )

    told = [json.loads(each["content"]) for each in house.told(1)]
    assert told == [
        {"entity": "a", "kwh": 48},
        ["light.hall", "light.kitchen"],
        {"entity": "b", "kwh": 48},
    ]
    assert [span.type for span in recorded.spans].count("tool") == 3


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (("meter", '{"entity": '), "the arguments are not valid JSON"),
        (("meter", "[1]"), "the arguments are JSON of type 'list'"),
        (("meter", {"entty": "x"}), "entity"),
        (("meter", {"entity": "x", "hours": "many"}), "hours"),
        (("explode", {}), "RuntimeError: the meter is wet"),
        (("delete_house", {}), "there is no such tool here. Tools: meter, explode."),
    ],
    ids=["broken", "no object", "unknown", "wrong type", "raises", "not listed"],
)
def test_a_call_that_fails_is_recorded_and_told_to_the_model(
    house: House, call: tuple[str, str], told: str
) -> None:
    with capture() as recorded:
        result = house.ask("tools: [meter, explode]", calling(call), Reply(text="I give up."))

    assert (result.status, result.result) == (Status.OK, "I give up.")
    assert told in json.loads(house.told(1)[0]["content"])["error"]
    failed = recorded.span(call[0])
    assert (failed.type, failed.status) == ("tool", Status.ERROR)
    assert failed.error is not None
    assert told in failed.error.message or told.endswith(failed.error.message)


def test_a_tool_that_must_not_fail_fails_the_agent(house: House) -> None:
    with capture() as recorded:
        result = house.ask(
            "tools: [{name: explode, on_error: fail}]", calling(("explode", {})), Reply(text="no")
        )

    assert isinstance(result.error, RuntimeError)
    assert result.failed_node == "analyst"
    assert recorded.outline().splitlines() == [
        "house workflow error",
        "  analyst agent error",
        "    chat m llm ok",
        "    explode tool error",
    ]


def test_a_spent_budget_is_not_a_thing_that_a_model_can_go_on_from(house: House) -> None:
    result = house.ask("tools: ['meter:spend']", calling(("spend", {})), Reply(text="no"))

    assert isinstance(result.error, BudgetExceededError)
    assert len(house.requests) == 1


def test_broken_arguments_of_a_strict_tool_fail_the_agent_too(house: House) -> None:
    result = house.ask("tools: [{name: meter, on_error: fail}]", calling(("meter", "{")))

    assert isinstance(result.error, ToolError)


def test_an_agent_that_never_answers_fails_after_its_steps(house: House) -> None:
    result = house.ask("tools: [meter]\nmax_steps: 3", calling(("meter", {"entity": "x"})))

    assert isinstance(result.error, NodeError)
    assert str(result.error) == (
        "Node 'analyst': the agent has used its 3 steps without an answer (tools called: meter, "
        "meter, meter). Raise max_steps, or write `on_limit: answer`."
    )
    assert len(house.requests) == len(result.model_calls) == 3


def test_an_agent_at_its_limit_is_asked_for_an_answer_without_tools(house: House) -> None:
    more = calling(("meter", {"entity": "x"}))

    with capture() as recorded:
        result = house.ask(
            "tools: [meter]\nmax_steps: 2\non_limit: answer", more, more, Reply(text="48")
        )

    assert result.result == "48"
    assert "tools" not in house.requests[2].body
    assert house.requests[2].body["messages"][-1]["content"] == "Give your final answer now."
    assert recorded.span("analyst").attributes[names.AGENT_STOPPED_BY] == "limit"


def test_a_stopping_tool_gives_the_answer(house: House) -> None:
    with capture() as recorded:
        result = house.ask(
            "tools: [meter]\nstop: {tools: [meter]}", calling(("meter", {"entity": "x"}))
        )

    assert json.loads(result.result) == {"entity": "x", "kwh": 48}
    assert len(house.requests) == 1
    assert recorded.span("analyst").attributes[names.AGENT_STOPPED_BY] == "tool"


def test_a_stopping_tool_that_fails_stops_nothing(house: House) -> None:
    result = house.ask(
        "tools: [meter]\nstop: {tools: [meter]}", calling(("meter", "{")), Reply(text="sorry")
    )

    assert result.result == "sorry"


def test_a_stop_condition_sees_what_was_called_and_found(house: House) -> None:
    with capture() as recorded:
        result = house.ask(
            "tools: [meter]\nstop: {condition: \"round == 1 and 'meter' in tools"
            ' and len(results) == 1"}',
            calling(("meter", {"entity": "x"})),
            Reply(text="enough"),
        )

    assert result.result == "enough"
    assert "tools" not in house.requests[1].body
    assert recorded.span("analyst").attributes[names.AGENT_STOPPED_BY] == "condition"


def test_an_answer_with_a_schema_is_asked_for_after_the_work_with_tools(house: House) -> None:
    schema = (
        "output_schema: {type: object, fields: [{name: entity, type: str}, {name: kwh, type: int}]}"
    )

    result = house.ask(
        f"tools: [meter]\n{schema}\noutputs: [entity, kwh]",
        calling(("meter", {"entity": "x"})),
        Reply(text="It used 48."),
        Reply(text="forty-eight"),
        Reply(data={"entity": "x", "kwh": 48}),
    )

    assert result.result == {"entity": "x", "kwh": 48}
    bodies = [request.body for request in house.requests]
    assert [("tools" in body, "response_format" in body) for body in bodies] == [
        (True, False),
        (True, False),
        (False, True),
        (False, True),
    ]
    assert bodies[2]["messages"][-1]["content"].startswith(
        "Give your final answer now, as the JSON"
    )


def test_a_stopping_tool_whose_result_has_the_schema_needs_no_second_phase(house: House) -> None:
    schema = (
        "output_schema: {type: object, fields: [{name: entity, type: str}, {name: kwh, type: int}]}"
    )

    result = house.ask(
        f"tools: [meter]\nstop: {{tools: [meter]}}\n{schema}\noutputs: [entity, kwh]",
        calling(("meter", {"entity": "x"})),
    )

    assert result.result == {"entity": "x", "kwh": 48}


def test_a_conversation_goes_before_the_question(house: House) -> None:
    result = house.ask(
        'system: Be brief.\nmessages: "{history}"\ntools: [meter]',
        Reply(text="Yes."),
        inputs={
            "history": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": 7}]
        },
    )

    assert result.result == "Yes."
    assert house.requests[0].body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "7"},
    ]


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ([{"role": "judge", "content": "x"}], "is no message. Expected: role (system, user"),
        ([{"role": "tool", "content": "x"}], "is no message. Expected: role"),
        ([{"role": "user"}], "is no message. Expected: role"),
    ],
)
def test_what_is_no_message_is_refused(house: House, history: list[object], message: str) -> None:
    result = house.ask('messages: "{history}"', Reply(text="x"), inputs={"history": history})

    assert isinstance(result.error, NodeError)
    assert message in str(result.error)
    assert house.requests == []


def test_every_call_counts_at_every_level(house: House) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    for level in ("off", "metrics", "trace"):
        with capture() as recorded:
            result = house.ask(
                "tools: [meter]",
                Reply(tool_calls=[("meter", {"entity": "x"})], usage=usage),
                Reply(text="done", usage=usage),
                level=level,
            )

        counted = [call.usage.input_tokens for call in result.model_calls if call.usage]
        assert counted == [100, 100]
        recorded_tokens = [trace.summary.totals.usage.input_tokens for trace in recorded.traces]
        assert recorded_tokens == ([] if level == "off" else [200])


def test_a_fault_of_the_server_is_survived_within_the_loop(house: House) -> None:
    result = house.ask(
        "tools: [meter]",
        calling(("meter", {"entity": "x"})),
        Fault(status=503, retry_after_s=0),
        Reply(text="after all"),
    )

    assert result.result == "after all"


def test_an_llm_node_with_tools_works_the_same_way(house: House) -> None:
    with (
        capture() as recorded,
        LLMServer(replies=[calling(("meter", {"entity": "x"})), Reply(text="done")]) as server,
    ):
        path = house.file("tools: [meter]", server.base_url)
        path.write_text(path.read_text().replace("type: agent", "type: llm"))
        result = execute(load(path))

    assert result.result == "done"
    assert recorded.outline().splitlines() == [
        "house workflow ok",
        "  analyst node ok",
        "    chat m llm ok",
        "    meter tool ok",
        "    chat m llm ok",
    ]


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("tools: [metre]", "There is no tool 'metre'. Did you mean 'meter'?"),
        ("tools: ['meter:read']", "The module 'meter' has no 'read'."),
        ("delegates: [nobody]", "There is no agent or team 'nobody'."),
        ("tools: [meter]\nstop: {tools: [explode]}", "The agent has no tool 'explode' to stop"),
        ("tools: [meter]\nstop: {condition: 'round =='}", "round =="),
        ("tools: [meter]\nstop: {condition: 'texxt == 3'}", "Did you mean 'text'?"),
        ("tools: [meter, meter]", "The agent has another tool 'meter'; give one of them another"),
        ("tools: ['meter:list_entities', 'meter:list_entities']", "another tool 'list_entities'"),
    ],
)
def test_settings_that_cannot_work_are_found_before_the_run(
    house: House, extra: str, message: str
) -> None:
    problems = validate_workflow(house.file(extra))

    assert any(message in str(problem) for problem in problems)
