"""The JSON of trace runs, for tests that break it."""

HEAD = {
    "run_id": "0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0",
    "started_at": "2026-11-21T09:00:00Z",
    "agent_info": {"name": "bot"},
}


def step(step_id="1", **fields):
    return {
        "step_id": step_id,
        "step_type": "tool_call",
        "timestamp": "2026-11-21T09:00:01Z",
        "tool_name": "add",
        "arguments": {},
        "result": None,
        **fields,
    }


def document(*steps, **fields):
    return {**HEAD, **fields, "steps": list(steps)}
