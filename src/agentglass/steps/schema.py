"""The JSON Schema of a trace run, for checks outside of agentglass."""

import json
import sys
from typing import Any

from agentglass.steps.run import TraceRun

__all__ = ["trace_run_schema"]

_ALWAYS_WRITTEN = ("format_version", "step_type")
"""Fields with a default, which every file holds nevertheless."""
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def trace_run_schema() -> dict[str, Any]:
    """Return the JSON Schema of what `TraceRun.to_json` writes."""
    schema = TraceRun.model_json_schema(mode="serialization")
    for definition in (schema, *schema["$defs"].values()):
        always = [name for name in _ALWAYS_WRITTEN if name in definition["properties"]]
        definition["required"] = sorted({*definition.get("required", ()), *always})
    return {"$schema": _DIALECT, **schema}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(trace_run_schema(), indent=2) + "\n")
