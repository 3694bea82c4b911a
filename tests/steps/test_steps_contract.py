"""The format stays readable: every file that some version wrote loads, and means the same."""

import copy
import json
import re
import warnings
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs_for_tests import json_values, run_records

from agentglass.errors import TraceFormatError, TraceFormatWarning
from agentglass.steps import FORMAT_VERSION, OpaqueStep, TraceRun
from agentglass.steps.schema import trace_run_schema

HERE = Path(__file__).parent
SCHEMA = HERE.parents[1] / "docs" / "schema" / "trace-run.schema.json"
EXAMPLES = sorted(HERE.glob("examples-*/*.json"))
LATER = HERE / "examples-1.0" / "of-a-later-version.json"


def load(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TraceFormatWarning)
        return TraceRun.from_json(text)


def test_there_are_examples_of_this_version():
    major_minor = ".".join(FORMAT_VERSION.split(".")[:2])

    assert any(path.parent.name == f"examples-{major_minor}" for path in EXAMPLES)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_stored_example_loads_and_is_written_with_all_that_it_says(path):
    """T094, FR-001: what a version wrote is read, and written again field by field."""
    stored = json.loads(path.read_text())

    written = json.loads(load(path.read_text()).to_json())

    if path != LATER:
        assert _at_microseconds(written) == _at_microseconds(
            {"format_version": FORMAT_VERSION, **stored}
        )
    jsonschema.validate(written, trace_run_schema())


def test_what_a_later_version_added_is_kept_in_steps_and_ignored_elsewhere():
    with pytest.warns(TraceFormatWarning, match="'thought'") as caught:
        run = TraceRun.from_json(LATER.read_text())

    assert len(caught) == 1
    thought, user = run.steps
    assert isinstance(thought, OpaqueStep)
    assert thought.model_extra == {"words": "hm", "depth": None}
    assert '"depth":null' in run.to_json()
    assert user.content == "go"
    assert run.format_version == "1.7"


def test_the_published_schema_is_the_one_of_the_models():
    """After a change: python -m agentglass.steps.schema > docs/schema/trace-run.schema.json."""
    assert json.loads(SCHEMA.read_text()) == trace_run_schema()


def test_nothing_that_version_1_0_required_or_named_has_gone():
    """The floor under every later schema: names that files and readers rely on."""
    floor = json.loads((HERE / "examples-1.0-names.json").read_text())
    schema = trace_run_schema()
    now = {name: sorted(each["properties"]) for name, each in schema["$defs"].items()}
    now["TraceRun"] = sorted(schema["properties"])
    required = {name: each["required"] for name, each in schema["$defs"].items()}

    for model, fields in floor["fields"].items():
        assert set(fields) <= set(now[model]), model
    for model, fields in required.items():
        assert set(fields) <= set(floor["required"].get(model, fields)), model


@settings(max_examples=100, deadline=None)
@given(run_records())
def test_what_is_written_fits_the_schema_and_reads_back_the_same(record):
    run = load(json.dumps(record))

    text = run.to_json()

    jsonschema.validate(json.loads(text), trace_run_schema())
    assert load(text).to_json() == text
    assert load(run.to_json(indent=2, exclude_none=False)).to_json() == text


def _places(value, path=()):
    yield path
    parts = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        parts = enumerate(value)
    for key, part in parts:
        yield from _places(part, (*path, key))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_change_of_a_valid_file_loads_or_names_its_fault(data):
    record = json.loads((HERE / "examples-1.0" / "every-field.json").read_text())
    path = data.draw(st.sampled_from(list(_places(record))))
    changed = _changed(record, path, data.draw(json_values))

    try:
        run = load(json.dumps(changed))
    except TraceFormatError as error:
        named = str(error)
        assert path == () or "step" in named or f"`{path[0]}" in named
    else:
        assert load(run.to_json()).to_json() == run.to_json()


def _changed(record, path, value):
    if not path:
        return value
    changed = copy.deepcopy(record)
    place = changed
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return changed


def _at_microseconds(record):
    """Return the record with times as Python writes them."""
    text = json.dumps(record, sort_keys=True)
    return json.loads(re.sub(r"(:\d\d)\.(\d{3})(?:000)?Z", _short, text))


def _short(found):
    return f"{found[1]}Z" if found[2] == "000" else f"{found[1]}.{found[2]}000Z"
