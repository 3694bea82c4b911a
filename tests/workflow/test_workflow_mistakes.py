import pytest

from agentglass.workflow import load, validate_workflow
from agentglass.workflow.node_types import NODE_TYPES

HEAD = """\
schema_version: "1.0"
flow: {name: demo}
"""


def places(problems):
    return [(problem.code, problem.line, problem.column) for problem in problems]


def only(problems):
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


TYPES = ", ".join(NODE_TYPES)


@pytest.mark.parametrize(
    ("body", "place", "message"),
    [
        (
            "nodes: [{id: a, type: sett, values: {x: 1}}]",
            (3, 23),
            f"Unknown node type 'sett'. Did you mean 'set'? Types: {TYPES}.",
        ),
        (
            "nodes: [{id: a, callable: x}]",
            (3, 9),
            f"This node has no type. Types: {TYPES}; with a `prompt`, 'llm'.",
        ),
        (
            "nodes: [{id: a, type: set, valeus: {x: 1}, values: {x: 1}}]",
            (3, 28),
            "Unknown key 'valeus' in nodes[0]. Did you mean 'values'? "
            "Keys: id, type, title, attributes, inputs, outputs, when, retry, timeout, idle_timeout, "
            "on_error, cache, idempotency, values.",
        ),
        ("nodes: []", (3, 8), "nodes is []. Expected: at least one item."),
        ("nodes: [3]", (3, 9), "nodes[0] is 3. Expected: a mapping."),
        ("{}", (3, 1), None),
        (
            "nodes: [{id: END, type: set, values: {x: 1}}]",
            (3, 14),
            "'END' cannot be the id of a node. "
            "Expected: letters, digits and '_', not START or END.",
        ),
        (
            'nodes: [{id: a, type: set, values: {x: "{sate.x}"}}]',
            (3, 40),
            "The template '{sate.x}' names 'sate', which is neither an input of the node nor a "
            "state field. Known: x.",
        ),
        (
            'nodes: [{id: a, type: set, inputs: {local: 1}, values: {x: "{locl}"}}]',
            (3, 60),
            "The template '{locl}' names 'locl', which is neither an input of the node nor a "
            "state field. Did you mean 'local'? Known: local, x.",
        ),
        (
            'nodes: [{id: a, type: set, attributes: {n: "{y}"}, values: {x: 1}}]',
            (3, 44),
            "The template '{y}' names 'y', which is neither an input of the node nor a "
            "state field. Known: x.",
        ),
        (
            'nodes: [{id: a, type: set, values: {x: "{x.y}"}}]',
            (3, 40),
            "The template '{x.y}' leads nowhere: 'x' is int.",
        ),
        (
            "nodes: [{id: a, type: set, values: {x: many}}]",
            (3, 40),
            "The state field 'x': expected int, got 'many'.",
        ),
        (
            "nodes: [{id: a, type: set, values: {x: 1}, outputs: [x]}]",
            (3, 53),
            "A 'set' node writes the fields of `values`.",
        ),
        (
            "nodes: [{id: a, prompt: p, outputs: [x], llm: {provider: local, model: m}}]",
            (3, 38),
            "The answer is str, and the state field 'x' is int.",
        ),
        (
            "nodes: [{id: a, prompt: p, output_schema: {type: int}, outputs: [x],"
            " llm: {provider: locl, model: m}}]",
            (3, 86),
            "Unknown provider 'locl'. Did you mean 'local'? Providers: fake, local, openai.",
        ),
        (
            "nodes: [{id: a, prompt: p, llm: {provider: local, model: m}}]",
            (3, 9),
            "An 'llm' node needs `outputs`: a list of fields.",
        ),
        (
            "nodes: [{id: a, type: python, callable: nowhere:f}]",
            (3, 41),
            "The module 'nowhere' cannot be imported: ModuleNotFoundError: "
            "No module named 'nowhere'",
        ),
        (
            "nodes: [{id: a, type: python, callable: math}]",
            (3, 41),
            "'math' is not a function's path. Expected: module:function, as in 'steps:count'.",
        ),
        (
            "nodes: [{id: a, type: python, callable: 'math:pi'}]",
            (3, 41),
            "'math:pi' is a float, which cannot be called.",
        ),
        (
            "nodes: [{id: a, type: python, callable: 'textwrap:fill', inputs: {txt: 1}}]",
            (3, 66),
            None,
        ),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_was_expected(write, body, place, message):
    state = "" if "state" in body else "state: {fields: {x: int}}\n"
    problems = validate_workflow(write(HEAD + body + "\n" + state if body != "{}" else HEAD))

    problem = problems[0]
    if body == "{}":
        assert only(problems).message == "The key 'nodes' is missing."
        return
    assert (problem.line, problem.column) == place
    if message is not None:
        assert problem.message == message


def test_the_seeds_observability_section_is_read(write):
    """C-18.2: the keys of the MLflow section and their defaults are known."""
    path = write(
        HEAD
        + """\
state: {fields: {x: int}}
nodes: [{id: a, type: set, values: {x: 1}}]
config:
  observability:
    level: metrics
    mlflow:
      enabled: false
      tracking_uri: "file://./mlruns"
      experiment_name: mine
      run_name: "run"
      log_artifacts: false
      retention_days: 30
      redact_pii: true
"""
    )

    observability = load(path).config.observability

    assert observability.level == "metrics"
    assert observability.mlflow.experiment_name == "mine"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (
            "{mlflow: {enabled: true}}",
            "The MLflow sink is not part of this version. Write `enabled: false`; "
            "runs are recorded in the local store.",
        ),
        (
            "{mlflow: {enabeld: true}}",
            "Unknown key 'enabeld' in config.observability.mlflow. Did you mean 'enabled'? Keys: "
            "enabled, tracking_uri, experiment_name, run_name, log_artifacts, retention_days, "
            "redact_pii.",
        ),
        (
            "{level: tarce}",
            "config.observability.level is 'tarce'. Expected: 'off', 'metrics' or 'trace'. "
            "Did you mean 'trace'?",
        ),
        (
            "{redact_pii: 1}",
            "config.observability.redact_pii is 1. Expected: true or false.",
        ),
        (
            "{sinks: [x]}",
            "'sinks' is not supported: this version does not have it.",
        ),
    ],
)
def test_the_observability_section_is_checked(write, section, message):
    """C-18.3: the validator checks the observability section."""
    path = write(
        HEAD
        + "state: {fields: {x: int}}\nnodes: [{id: a, type: set, values: {x: 1}}]\n"
        + f"config: {{observability: {section}}}\n"
    )

    assert only(validate_workflow(path)).message == message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            "{a-b: int}",
            "'a-b' cannot be the name of a state field. "
            "Expected: letters, digits and '_', not 'state'.",
        ),
        (
            "{state: int}",
            "'state' cannot be the name of a state field. "
            "Expected: letters, digits and '_', not 'state'.",
        ),
        (
            "{x: {type: str, schema: {a: int}}}",
            "A schema belongs to the type 'object', not to 'str'.",
        ),
        (
            "{x: {type: object, schema: {a: nit}}}",
            "'nit' is not a type. Did you mean 'int'? Types: str, int, float, bool, list, list[T], "
            "dict, dict[str, T], object.",
        ),
        ("{x: {type: int, defualt: 3}}", None),
        ("{x: 3}", "state.fields.x is 3. Expected: a mapping."),
    ],
)
def test_a_state_field_is_checked(write, fields, message):
    path = write(
        HEAD
        + f"state: {{fields: {fields}}}\n"
        + "nodes: [{id: a, type: python, callable: 'gc:collect'}]\n"
    )

    problem = only(validate_workflow(path))

    if message is None:
        message = (
            "Unknown key 'defualt' in state.fields.x. Did you mean 'default'? "
            "Keys: type, description, schema, required, default, reducer."
        )
    assert problem.message == message


def test_a_wrong_output_schema_is_a_problem_of_the_node(write):
    node = "{id: a, prompt: p, outputs: [x, x], llm: {model: local/m}, output_schema: {type: nit}}"
    path = write(HEAD + f"state: {{fields: {{x: int}}}}\nnodes: [{node}]\n")

    assert places(validate_workflow(path)) == [("duplicate-output", 4, 41), ("type", 4, 83)]
