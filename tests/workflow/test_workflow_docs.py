"""The published schema and the reference say what the code does."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from agentglass.spans import Status
from agentglass.testing import capture
from agentglass.workflow import execute, load, validate_workflow, workflow_schema

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = DOCS / "schema" / "workflow.schema.json"
PAGES = ("workflow-file.md", "control-flow.md", "agents.md", "reliability.md")
BLOCKS = [
    block
    for page in PAGES
    for block in re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
]
INPUTS = {
    "greeting": ({"name": "Ann"}, "Hello Ann!"),
    "review": ({"text": "Glass is clear. It is made of sand."}, None),
    "measure": ({"text": "a text of more than twenty letters"}, "a text of more [...]"),
    "sorting": (
        {"text": "glass is made of sand and fire"},
        ["begun", "spelling", "grammar", "long after 3 rounds"],
    ),
    "shout": ({"names": ["Ann", "Li"]}, ['"Ann"', '"Li"']),
    "helpdesk": ({"question": "Why?"}, "The invoice counts March twice."),
    "release": ({"version": "1.0"}, None),
}


def test_the_published_schema_is_the_one_of_the_models():
    """After a change: python -m agentglass.workflow.schema > docs/schema/workflow.schema.json."""
    assert json.loads(SCHEMA.read_text()) == workflow_schema()


@pytest.mark.parametrize("text", BLOCKS, ids=range(len(BLOCKS)))
def test_every_workflow_of_the_reference_is_valid_and_runs(tmp_path, text):
    path = tmp_path / "workflow.yaml"
    path.write_text(text)

    assert validate_workflow(path) == []
    jsonschema.validate(yaml.safe_load(text), workflow_schema())
    workflow = load(path)
    inputs, expected = INPUTS[workflow.name]
    with capture():
        result = execute(workflow, inputs)
    assert result.status is (Status.INTERRUPTED if workflow.name == "release" else Status.OK)
    if expected is not None:
        assert result.result == expected


def test_the_schema_refuses_what_validation_refuses():
    good = yaml.safe_load(BLOCKS[0])
    bad = [
        {**good, "nodes": []},
        {**good, "nodse": []},
        {**good, "schema_version": 1.0},
        {**good, "nodes": [{"id": "a", "type": "set", "values": {"x": 1}, "prompt": "p"}]},
    ]

    for document in bad:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document, workflow_schema())


def test_every_key_of_the_schema_is_described():
    schema = workflow_schema()
    undescribed = [
        f"{name}.{key}"
        for name, section in schema["$defs"].items()
        for key, value in section["properties"].items()
        if "description" not in value and "$ref" not in value and key not in OBVIOUS
    ]

    assert undescribed == []


OBVIOUS = {
    *("id", "name", "type", "from", "to", "description", "version", "default"),
    *("temperature", "enabled", "tracking_uri", "experiment_name", "run_name"),
    *("log_artifacts", "retention_days", "redact_pii", "provider"),
}
