"""A workflow over real HTTP becomes a run whose model calls tell their tokens."""

from agentglass.steps import run_from_trace
from agentglass.testing import Fault, LLMServer, Reply, capture
from agentglass.workflow import run_workflow

CALLS = 20
NODES = "\n".join(f'  - {{id: ask{n}, prompt: "q {n}", outputs: [text]}}' for n in range(CALLS))
FLOW = """
schema_version: "1.0"
flow: {{name: asking}}
state: {{fields: {{text: str}}}}
nodes:
{nodes}
config: {{llm: {{provider: openai, model: m, api_base: "{url}", parameters: {{stream: {stream}}}}}}}
"""


def run_of(tmp_path, replies, stream):
    with LLMServer(replies=replies) as server:
        path = tmp_path / "flow.yaml"
        path.write_text(FLOW.format(nodes=NODES, url=server.base_url, stream=stream))
        with capture() as recorded:
            run_workflow(path)
    return run_from_trace(recorded.trace)


def test_every_call_whose_provider_reports_usage_has_its_tokens(tmp_path, monkeypatch):
    """T096a, SC-006: at least 95 %, streamed and retried calls included."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-abcdefghij0123456789")
    usage = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}
    replies = [Fault(status=429, retry_after_s=0), *[Reply(text="a", usage=usage)] * CALLS]

    runs = [run_of(tmp_path, replies, "true"), run_of(tmp_path, replies, "false")]

    calls = [call for run in runs for call in run.get_llm_calls()]
    with_tokens = [call for call in calls if (call.tokens_in, call.tokens_out) == (11, 3)]
    assert len(calls) == 2 * CALLS
    assert len(with_tokens) >= 0.95 * len(calls)
    assert runs[0].total_tokens() == 14 * CALLS
