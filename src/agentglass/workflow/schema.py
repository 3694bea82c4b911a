"""The JSON Schema of workflow files, for completion and checks in editors."""

import json
import sys
from functools import reduce
from operator import or_
from typing import Any

from pydantic import Field, create_model

from agentglass.workflow.config import WorkflowConfig
from agentglass.workflow.node_types import NODE_TYPES, load_node_type

__all__ = ["workflow_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def workflow_schema() -> dict[str, Any]:
    """Return the JSON Schema of a workflow file with the node types that agentglass brings."""
    nodes = reduce(or_, (load_node_type(name).config_model for name in NODE_TYPES))
    model = create_model(
        "Workflow",
        __base__=WorkflowConfig,
        __doc__="A workflow file of agentglass.",
        nodes=(list[nodes], Field(min_length=1)),  # type: ignore[valid-type]
    )
    return {"$schema": _DIALECT, **model.model_json_schema(by_alias=True)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(workflow_schema(), indent=2) + "\n")
