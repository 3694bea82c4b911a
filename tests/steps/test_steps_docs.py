"""The reference of the format: its examples load, and its programs run."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from agentglass.steps import STEP_CLASSES, TraceRun
from agentglass.steps.schema import trace_run_schema

PAGE = (Path(__file__).parents[2] / "docs" / "trace-format.md").read_text(encoding="utf-8")
FILES = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", FILES, ids=range(len(FILES)))
def test_every_file_of_the_reference_is_valid(text):
    jsonschema.validate(json.loads(text), trace_run_schema())

    assert json.loads(TraceRun.from_json(text).to_json())["steps"]


@pytest.mark.parametrize("code", PROGRAMS, ids=range(len(PROGRAMS)))
def test_every_program_of_the_reference_runs(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    exec(compile(code, "docs/trace-format.md", "exec"), {})


def test_the_table_of_steps_has_every_field():
    for kind, cls in STEP_CLASSES.items():
        row = re.search(rf"^\| `{kind}` \|.*$", PAGE, re.MULTILINE)
        assert row is not None, kind
        own = set(cls.model_fields) - set(STEP_CLASSES["user_input"].__mro__[1].model_fields)
        assert {name for name in own if f"`{name}`" not in row[0]} == set()
