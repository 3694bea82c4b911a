"""LangChainInstrumentor and AgentglassHandler, with real LangChain objects over real HTTP."""

import asyncio
import json
import threading

import pytest
from chains import PROMPT, USAGE, Library, weather
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda, RunnableParallel

import agentglass
from agentglass.capture import AgentglassHandler, LangChainInstrumentor, RedactionConfig
from agentglass.errors import InstrumentorAlreadyActiveError, InstrumentorNotActiveError
from agentglass.spans import Status, names
from agentglass.testing import capture
from agentglass.testing.llm_server import Fault, Reply


def test_one_line_captures_a_plain_chain(serve):
    """SC-001, FR-009, T030, T036, T039: nothing is passed to the chain, made before the line."""
    chain = PROMPT | serve(Reply(text="It is.", usage=USAGE))

    with capture() as recorded, LangChainInstrumentor() as instrumentor:
        answer = chain.invoke({"question": "Is it warm?"})
        (run,) = instrumentor.get_traces()

    assert answer.content == "It is."
    assert recorded.outline().splitlines() == [
        "RunnableSequence chain ok",
        "  ChatPromptTemplate chain ok",
        "  chat fake-1 llm ok",
    ]
    assert [step.step_type for step in run.steps] == [
        "user_input", "state_change", "llm_call", "final_output",
    ]  # fmt: skip
    (call,) = run.get_llm_calls()
    assert (call.tokens_in, call.tokens_out, call.model) == (12, 7, "fake-1")


def test_all_counts_and_the_model_are_kept(serve):
    """T041, T067: tokens, model, provider and settings of a call."""
    model = serve(Reply(text="It is.", usage=USAGE), temperature=0.5, max_tokens=50)

    with capture() as recorded, LangChainInstrumentor():
        model.invoke("Is it warm?")

    (span,) = recorded.spans
    assert span.usage.to_dict() | {"raw": None} == {
        "input_tokens": 12,
        "output_tokens": 7,
        "cache_read_tokens": 4,
        "reasoning_tokens": 2,
        "raw": None,
    }
    assert span.attributes[names.PROVIDER] == "openai"
    assert span.attributes[names.REQUEST_TEMPERATURE] == 0.5
    assert span.attributes[names.RESPONSE_FINISH_REASONS] == ["stop"]
    assert span.input["messages"] == [{"role": "user", "content": "Is it warm?"}]
    assert span.output == {"role": "assistant", "content": "It is."}


@pytest.mark.parametrize("how", ["stream", "astream", "ainvoke", "batch", "abatch"])
def test_every_way_to_call_is_captured_with_its_usage(serve, how):
    chain = PROMPT | serve(Reply(text="It is warm today.", usage=USAGE)) | StrOutputParser()
    question = {"question": "Is it warm?"}

    async def later():
        if how == "astream":
            return [piece async for piece in chain.astream(question)]
        if how == "abatch":
            return await chain.abatch([question])
        return await chain.ainvoke(question)

    with capture() as recorded, LangChainInstrumentor():
        if how == "stream":
            assert "".join(chain.stream(question)) == "It is warm today."
        elif how == "batch":
            chain.batch([question])
        else:
            asyncio.run(later())

    (call,) = [span for span in recorded.spans if span.type == "llm"]
    assert (call.usage.input_tokens, call.usage.output_tokens) == (12, 7)
    assert recorded.spans[0].name == "RunnableSequence"
    assert {span.trace_id for span in recorded.spans} == {call.trace_id}
    if "stream" in how:
        assert call.attributes[names.TIME_TO_FIRST_TOKEN] > 0


def test_tools_and_retrievers_are_steps_with_their_contents(serve):
    """T068, T069: arguments, results and scores."""

    def work(question):
        found = Library().invoke(question)
        return weather.invoke({"city": "Rome"}) + found[0].page_content

    with capture() as recorded, LangChainInstrumentor() as instrumentor:
        RunnableLambda(work).invoke("warm?")
        (run,) = instrumentor.get_traces()

    assert recorded.outline().splitlines() == [
        "work chain ok",
        "  Library retrieval ok",
        "  weather tool ok",
    ]
    assert recorded.span("weather").input == {"city": "Rome"}
    (found,) = [step for step in run.steps if step.step_type == "retrieval"]
    assert (found.query, found.results[0].score) == ("warm?", 0.9)
    (called,) = run.get_tool_calls()
    assert (called.tool_name, called.result, called.success) == ("weather", "clear in Rome", True)


def test_a_tool_call_of_the_model_is_in_its_output(serve):
    model = serve(Reply(tool_calls=[("weather", {"city": "Rome"})])).bind_tools([weather])

    with capture() as recorded, LangChainInstrumentor():
        model.invoke("Is it warm?")

    (call,) = recorded.spans
    (wanted,) = call.output["tool_calls"]
    assert (wanted["name"], json.loads(wanted["arguments"])) == ("weather", {"city": "Rome"})
    assert call.attributes[names.TOOL_DEFINITIONS][0]["function"]["name"] == "weather"


@pytest.mark.parametrize("kind", ["model", "tool", "chain"])
def test_what_fails_is_a_step_with_its_error(serve, kind):
    broken = {
        "model": serve(Fault(status=500, message="down")),
        "tool": RunnableLambda(lambda _: weather.invoke({"city": "Atlantis"})),
        "chain": RunnableLambda(lambda _: 1 / 0),
    }[kind]
    chain = RunnableLambda(lambda text: text) | broken

    with capture() as recorded, LangChainInstrumentor() as instrumentor:
        with pytest.raises(Exception, match=r"down|no such city|division"):
            chain.invoke("x")
        chain_again = RunnableLambda(lambda text: text)
        chain_again.invoke("y")
        failed, fine = instrumentor.get_traces()

    assert recorded.spans[0].status is Status.ERROR
    assert any(span.error for span in recorded.spans[1:])
    assert failed.metadata["error"]["message"]
    assert fine.run_id != failed.run_id


def test_parallel_branches_and_batches_keep_their_parents(serve):
    model = serve(Reply(text="yes"))
    branches = RunnableParallel(a=PROMPT | model, b=PROMPT | model)

    with capture() as recorded, LangChainInstrumentor():
        branches.batch([{"question": "1"}, {"question": "2"}])

    assert len(recorded.traces) == 2
    for trace in recorded.traces:
        assert trace.completeness.is_complete
        (root,) = trace.tree.roots
        assert [child.span.name for child in root.children] == ["RunnableSequence"] * 2
        for branch in root.children:
            assert [each.span.name for each in branch.children] == [
                "ChatPromptTemplate",
                "chat fake-1",
            ]


def test_two_hundred_concurrent_chains_never_mix():
    """FR-013, FR-014: every trace holds what its own call was given."""
    inner = RunnableLambda(lambda n: n + 1).with_config(run_name="inner")
    chain = RunnableLambda(lambda n: inner.invoke(n) * 2).with_config(run_name="outer")

    async def all_chains():
        return await asyncio.gather(*(chain.ainvoke(n) for n in range(200)))

    with capture() as recorded, LangChainInstrumentor():
        asyncio.run(all_chains())

    assert len(recorded.traces) == 200
    for trace in recorded.traces:
        outer, inside = trace.spans
        assert (outer.name, inside.name) == ("outer", "inner")
        assert outer.input == inside.input


def test_threads_have_traces_of_their_own():
    chain = RunnableLambda(lambda n: n + 1)

    with capture() as recorded, LangChainInstrumentor():
        threads = [
            threading.Thread(target=agentglass.propagate(chain.invoke), args=[n]) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(span.input for span in recorded.spans) == list(range(8))
    assert len(recorded.traces) == 8


def test_own_spans_and_calls_are_one_tree(serve):
    def work(question):
        with agentglass.span("mine", type="tool"):
            return weather.invoke({"city": "Rome"})

    with capture() as recorded, LangChainInstrumentor():
        with agentglass.trace("program"):
            RunnableLambda(work).invoke("warm?")

    assert recorded.outline().splitlines() == [
        "program workflow ok",
        "  work chain ok",
        "    mine tool ok",
        "      weather tool ok",
    ]


def test_a_handler_captures_the_call_that_it_is_given_to(serve):
    """FR-012, CF-US3.1, CF-US3.2, T062, T063, T066, T070, T071: two handlers, two traces."""
    chain = PROMPT | serve(Reply(text="yes", usage=USAGE))
    first, second = AgentglassHandler(), AgentglassHandler()

    with capture() as recorded:
        chain.invoke({"question": "1"}, config={"callbacks": [first]})
        chain.invoke({"question": "2"}, config={"callbacks": [second]})
        chain.invoke({"question": "3"})

        assert first.get_trace().run_id != second.get_trace().run_id
        assert first.get_trace().get_llm_calls()[0].tokens_in == 12

    assert len(recorded.traces) == 2


def test_handler_and_instrumentor_record_a_call_once(serve):
    """FR-009a, T032: one span in the store; each has its own run of it, with the same trace."""
    chain = PROMPT | serve(Reply(text="yes", usage=USAGE))
    handler = AgentglassHandler(agent_name="mine")

    with capture() as recorded, LangChainInstrumentor() as one, LangChainInstrumentor() as other:
        chain.invoke({"question": "1"}, config={"callbacks": [handler]})
        runs = [handler.get_trace(), *one.get_traces(), *other.get_traces()]

    assert len([span for span in recorded.spans if span.type == "llm"]) == 1
    assert len(runs) == 3
    assert len({run.run_id for run in runs}) == 1
    assert runs[0].agent_info.name == "mine"


def test_personal_data_is_hidden_without_asking(serve):
    """What a person would not want kept is not in the store, and not in the run."""
    chain = PROMPT | serve(Reply(text="Write to ann@example.com."))

    with capture() as recorded, LangChainInstrumentor() as instrumentor:
        chain.invoke({"question": "My mail is bob@example.com."})
        text = instrumentor.get_traces()[0].to_json()

    assert "example.com" not in text
    assert not any("example.com" in repr((span.input, span.output)) for span in recorded.spans)


def test_a_handler_hides_personal_data_too(serve):
    """T064, T072: by default, and by a policy of its own."""
    chain = PROMPT | serve(Reply(text="Write to ann@example.com about sand."))
    plain = AgentglassHandler()
    strict = AgentglassHandler(redaction_config=RedactionConfig(patterns=["sand"]))

    with capture():
        for handler in (plain, strict):
            chain.invoke({"question": "I am bob@example.com."}, config={"callbacks": [handler]})

        assert "example.com" not in plain.get_trace().to_json()
        assert "about sand" in plain.get_trace().to_json()
        assert "sand" not in strict.get_trace().to_json()


def test_a_policy_is_kept_to_its_own_spans(serve):
    config = RedactionConfig(patterns=["sand"], field_names=["city"], replacement="***")

    with capture() as recorded, agentglass.trace("program", input="sand bob@example.com"):
        with LangChainInstrumentor(redaction_config=config):
            RunnableLambda(lambda x: x).invoke({"city": "Rome", "text": "of sand"})

    assert recorded.span("program").input == "sand bob@example.com"
    (captured,) = [span for span in recorded.spans if span.type == "chain"]
    assert captured.input == {"city": "***", "text": "of ***"}


@pytest.mark.parametrize(
    "options",
    [
        {"capture_inputs": False, "capture_outputs": False},
        {"redaction_config": RedactionConfig(redact_inputs=True, redact_outputs=True)},
    ],
)
def test_contents_can_be_left_out(options):
    with capture() as recorded, LangChainInstrumentor(**options):
        RunnableLambda(lambda x: f"{x}!").invoke("hello")

    (span,) = recorded.spans
    assert "hello" not in repr((span.input, span.output))


def test_redaction_config_answers_for_itself():
    config = RedactionConfig.default()

    assert config.redact("to ann@example.com") == "to [REDACTED]"
    assert config.should_redact_field("api_key")
    assert not config.should_redact_field("tokens_in")
    assert RedactionConfig(field_names=["city"]).should_redact_field("homeCity")


def test_a_second_beginning_and_a_second_end_are_errors():
    """T028, T034, T035: what every instrumentor does."""
    instrumentor = LangChainInstrumentor()

    with pytest.raises(InstrumentorNotActiveError, match="LangChainInstrumentor is not active"):
        instrumentor.uninstrument()
    instrumentor.instrument()
    assert instrumentor.is_instrumented()
    with pytest.raises(InstrumentorAlreadyActiveError, match="is active already"):
        instrumentor.instrument()
    instrumentor.uninstrument()
    assert not instrumentor.is_instrumented()


def test_nothing_is_captured_after_the_end_and_what_was_stays():
    """T032a, T037: the end of the block is the end of the capture."""
    chain = RunnableLambda(lambda x: x)

    with capture() as recorded:
        with LangChainInstrumentor() as instrumentor:
            chain.invoke(1)
        chain.invoke(2)
        assert len(instrumentor.get_traces()) == 1
        instrumentor.clear_traces()
        assert instrumentor.get_traces() == []

    assert [span.input for span in recorded.spans] == [1]


def test_a_fault_of_ours_never_reaches_the_agent(monkeypatch, caplog):
    from agentglass.capture.langchain import handler

    def fail(*args, **kwargs):
        raise RuntimeError("ours")

    monkeypatch.setattr(handler, "_plain", fail)

    with capture(), LangChainInstrumentor():
        assert RunnableLambda(lambda x: x + 1).invoke(1) == 2

    assert "could not be recorded" in caplog.text
