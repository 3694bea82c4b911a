"""What an instrumentor leaves on disk, and where its names are."""

import asyncio
import threading

from chains import PROMPT, USAGE, Library, weather
from langchain_core.runnables import RunnableLambda

import agentglass.capture
from agentglass.capture import LangChainInstrumentor
from agentglass.steps import read_run
from agentglass.testing import capture
from agentglass.testing.llm_server import Reply


def test_the_file_of_a_run_is_there_when_its_root_has_ended(serve, tmp_path):
    """CF-US1.1, CF-US1.3, T040: model, tool and retrieval with times, contents and tokens."""
    chain = PROMPT | serve(Reply(text="yes", usage=USAGE))

    def work(question):
        Library().invoke(question)
        weather.invoke({"city": "Rome"})
        return chain.invoke({"question": question}).content

    with capture(), LangChainInstrumentor(tmp_path, agent_name="bot", agent_version="2"):
        RunnableLambda(work).invoke("warm?")
        (path,) = tmp_path.glob("trace-*.json")

    run = read_run(path)
    assert path.name == f"trace-{run.run_id}.json"
    assert (run.agent_info.name, run.agent_info.version) == ("bot", "2")
    steps = {step.step_type: step for step in run.steps}
    found, called = steps["retrieval"], steps["tool_call"]
    assert (found.query, found.results[0].content) == ("warm?", "Glass is old.")
    assert (called.arguments, called.result) == ({"city": "Rome"}, "clear in Rome")
    assert (steps["llm_call"].tokens_in, steps["llm_call"].tokens_out) == (12, 7)
    assert steps["final_output"].content == "yes"
    assert all(step.timestamp and step.duration_ms is not None for step in run.steps)
    assert run.ended_at is not None


def test_a_file_is_written_inside_an_event_loop_too(tmp_path):
    async def work():
        await RunnableLambda(lambda x: x).ainvoke(1)

    with capture(), LangChainInstrumentor(tmp_path):
        asyncio.run(work())
        for thread in threading.enumerate():
            if thread.name == "agentglass-file":
                thread.join()

        assert len(list(tmp_path.glob("trace-*.json"))) == 1


def test_the_names_are_where_people_look_for_them():
    """T038, T043, T065, T073: one place for instrumentors, handlers and their policy."""
    wanted = {"AgentglassHandler", "LangChainInstrumentor", "RedactionConfig"}

    assert set(agentglass.capture.__all__) == wanted
