import subprocess
import sys

import pytest

from agentglass.errors import OptionError, WorkflowFileError
from agentglass.workflow import load, validate_workflow

HEAD = """\
schema_version: "1.0"
flow: {name: demo}
"""


def places(problems):
    return [(problem.code, problem.line, problem.column) for problem in problems]


def only(problems):
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def test_a_good_file_has_no_problems(write):
    path = write(
        HEAD
        + """\
state:
  fields:
    name: {type: str, required: true}
    greeting: str
nodes:
  - {id: greet, type: set, values: {greeting: "Hello {name}"}}
"""
    )

    assert validate_workflow(path) == []
    workflow = load(path)
    assert workflow.name == "demo"
    assert [node.id for node in workflow.nodes] == ["greet"]
    assert workflow.outputs == ("greeting",)


FULL_OF_MISTAKES = """\
schema_version: 1.0
flow:
  nmae: demo
  version: 2
state:
  fields:
    text: {type: string}
    count: {type: int, required: true, default: 3}
    on: int
    tags: {type: str, reducer: append}
    total: {type: int, reducer: addd, default: x}
    profile: {type: object, schema: {name: str, age: int}}
nodes:
  - id: a
    prompt: "{txet} {profile.nmae} {state.cuont}"
    outputs: [txt]
    llm: {provider: opnai, model: x, temperature: 3}
    tools: [x]
  - id: a
    type: pyhton
  - id: b-c
    type: python
    callable: counting:cuont
  - id: d
    type: set
    values: {zzz: 1, text: {count}}
    outptus: [a]
  - id: e
    prompt: "x"
    output_schema: {type: object, fields: [{name: x, type: int}]}
    outputs: [x, tags]
edges:
  - {from: START, to: a}
  - {from: a, to: dd}
  - from: d
    routes: []
outputs: [cuont]
config:
  observability: {level: off, mlflow: {enabled: true}}
  execution: {timeout: -1, max_retires: 3}
  logging: {level: INFO}
"""

MISTAKES = [
    ("value", 1, 17),
    ("missing", 3, 3),
    ("unknown-key", 3, 3),
    ("value", 4, 12),
    ("type", 7, 18),
    ("default", 8, 40),
    ("yaml-boolean", 9, 5),
    ("reducer", 10, 32),
    ("value", 11, 33),
    ("type", 11, 48),
    ("template", 15, 13),
    ("template", 15, 13),
    ("template", 15, 13),
    ("unknown-field", 16, 15),
    ("value", 17, 51),
    ("duplicate-id", 19, 9),
    ("unknown-type", 20, 11),
    ("name", 21, 9),
    ("callable", 23, 15),
    ("unknown-field", 26, 14),
    ("unquoted-template", 26, 28),
    ("unknown-key", 27, 5),
    ("missing-model", 28, 5),
    ("unknown-field", 31, 15),
    ("output", 31, 18),
    ("unknown-node", 34, 19),
    ("value", 36, 13),
    ("unknown-field", 37, 11),
    ("yaml-boolean", 39, 26),
    ("unsupported", 39, 49),
    ("value", 40, 24),
    ("unknown-key", 40, 28),
    ("unsupported", 41, 3),
]


def test_all_problems_of_a_file_are_found_at_once(write):
    write("def count(text):\n    return len(text)\n", "counting.py")
    path = write(FULL_OF_MISTAKES)

    problems = validate_workflow(path)

    assert places(problems) == MISTAKES
    assert all(problem.file == str(path) for problem in problems)


def test_a_shared_setting_is_pointed_to_where_it_stands(write):
    path = write(
        HEAD
        + """\
state: {fields: {x: str}}
nodes:
  - {id: one, prompt: p, outputs: [x]}
  - {id: two, prompt: p, outputs: [x]}
config: {llm: {provider: opnai, model: m}}
"""
    )

    problem = only(validate_workflow(path))

    assert (problem.line, problem.column, problem.code) == (7, 26, "unknown-provider")


def test_a_module_that_fails_while_it_is_imported_is_a_problem_not_a_traceback(write):
    write("import sys\nsys.exit('no')\n", "leaving.py")
    write("raise RuntimeError('broken')\n", "breaking.py")
    path = write(
        HEAD
        + """\
nodes:
  - {id: one, type: python, callable: "leaving:f"}
  - {id: two, type: python, callable: "breaking:f"}
"""
    )

    first, second = validate_workflow(path)

    assert first.message == "The module 'leaving' cannot be imported: SystemExit: no"
    assert second.message == "The module 'breaking' cannot be imported: RuntimeError: broken"


def test_the_import_path_is_as_before_after_a_validation(write, tmp_path):
    write("def f():\n    return 1\n", "stepping.py")
    path = write(HEAD + 'nodes: [{id: one, type: python, callable: "stepping:f"}]\n')
    before = list(sys.path)

    assert validate_workflow(path) == []
    assert sys.path == before


def test_two_workflows_each_get_the_module_beside_them(tmp_path):
    text = HEAD + 'nodes: [{id: one, type: python, callable: "twin:%s"}]\n'
    for name in ("left", "right"):
        directory = tmp_path / name
        directory.mkdir()
        (directory / "twin.py").write_text(f"def {name}():\n    return 1\n")
        (directory / "w.yaml").write_text(text % name)

    for name in ("left", "right", "left"):
        assert validate_workflow(tmp_path / name / "w.yaml") == []


def test_a_missing_library_is_a_problem_with_the_line_to_type(write, monkeypatch):
    monkeypatch.setattr(
        "agentglass.workflow.answer_checks.find_spec", lambda name: None if name == "openai" else 1
    )
    path = write(
        HEAD
        + "state: {fields: {x: str}}\n"
        + "nodes: [{id: a, prompt: p, outputs: [x], llm: {provider: openai, model: m}}]\n"
    )

    problem = only(validate_workflow(path))

    assert problem.code == "missing-extra"
    assert "pip install 'agentglass[openai]'" in problem.message


def test_a_chosen_model_stands_in_for_a_missing_one(write):
    path = write(HEAD + "state: {fields: {x: str}}\nnodes: [{id: a, prompt: p, outputs: [x]}]\n")

    assert only(validate_workflow(path)).code == "missing-model"
    assert validate_workflow(path, model="local/extractive") == []
    with pytest.raises(OptionError, match="provider/model"):
        load(path, model="extractive")


def test_a_file_with_problems_is_not_loaded(write):
    path = write("a: 1\nb: 2\n")

    with pytest.raises(WorkflowFileError) as caught:
        load(path)

    assert caught.value.exit_code == 2
    assert {problem.code for problem in caught.value.problems} == {"missing", "unknown-key"}
    assert str(caught.value).count(str(path)) == len(caught.value.problems)


@pytest.mark.parametrize("value", ["null", "3", "[]", "{}", "text", "[null]", "[[]]", "{a: {}}"])
@pytest.mark.parametrize(
    "section",
    ["schema_version", "flow", "state", "nodes", "edges", "outputs", "config"],
)
def test_no_value_of_any_section_makes_validation_crash(write, section, value):
    validate_workflow(write(f"{section}: {value}\n"))


def test_validation_does_not_import_langgraph(write):
    write("def f():\n    return 1\n", "stepping.py")
    path = write(
        HEAD
        + "state: {fields: {x: str}}\n"
        + "nodes: [{id: a, prompt: p, outputs: [x], llm: {provider: local, model: m}},\n"
        + '  {id: b, type: python, callable: "stepping:f"}]\n'
    )
    code = (
        "import sys; from agentglass.workflow import validate_workflow; "
        f"assert validate_workflow({str(path)!r}) == []; "
        "print([name for name in ('langgraph', 'langchain_core', 'openai') if name in sys.modules])"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"
