import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentglass.errors import WorkflowFileError
from agentglass.workflow.source import MAX_BYTES, Position, read_source, read_text


def first_problem(text, file="w.yaml"):
    """What reading stops at, or the first thing it notes."""
    try:
        return read_text(text, file).problems[0]
    except WorkflowFileError as error:
        return error.problems[0]


def test_values_and_their_places_are_read():
    source = read_text('flow:\n  name: "x"\nnodes:\n  - id: a\n    size: 3\n', "w.yaml")

    assert source.values == {"flow": {"name": "x"}, "nodes": [{"id": "a", "size": 3}]}
    assert source.keys_at[("flow", "name")] == Position(2, 3)
    assert source.values_at[("flow", "name")] == Position(2, 9)
    assert source.values_at[("nodes", 0)] == Position(4, 5)
    assert source.values_at[("nodes", 0, "size")] == Position(5, 11)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1),
        ("a:\n  b: 1\n  b: 2\n", "duplicate-key", 3, 3),
        ("a: [1,\n   yes]", "yaml-boolean", 2, 4),
        ("off: 1", "yaml-boolean", 1, 1),
        ("a: 010", "yaml-number", 1, 4),
        ("a: 1:30", "yaml-number", 1, 4),
        ("a: .nan", "yaml-number", 1, 4),
        ("a: 1e999", "number", 1, 4),
        ("a: " + "9" * 5000, "number", 1, 4),
        ("a: {summary}", "unquoted-template", 1, 4),
        ("1: a", "key", 1, 1),
        ("? [a]\n: b", "key", 1, 3),
        ("a:\n\t- b", "syntax", 2, 1),
        ("a: [1", "syntax", 2, 1),
        ("a: b: c", "syntax", 1, 5),
        ("a: b\n---\nc: d", "documents", 2, 1),
        ("a: !!python/name:os.system x", "tag", 1, 4),
        ("a: !!timestamp 2024-01-01", "tag", 1, 4),
        ("<<: {a: 1}", "merge-key", 1, 1),
        ("a: *b", "alias", 1, 4),
        ("a: &b [*b]", "alias", 1, 8),
        ("a: b\x00", "character", 1, 5),
        ("a: x\nb: \x07", "character", 2, 4),
        ('a: "\\ud800"', "syntax", 1, 7),
        ("", "not-a-mapping", 0, 0),
        ("- a", "not-a-mapping", 0, 0),
        ("just text", "not-a-mapping", 0, 0),
    ],
)
def test_what_is_wrong_has_its_place(text, code, line, column):
    problem = first_problem(text)

    assert (problem.code, problem.line, problem.column) == (code, line, column)
    assert problem.file == "w.yaml"


def test_a_yaml_11_boolean_says_what_to_write_instead():
    problem = first_problem("a: yes")

    assert str(problem) == (
        "w.yaml:1:4: YAML 1.1 reads 'yes' as true. Write true, or \"yes\" for the text."
    )


def test_wrong_words_do_not_stop_the_reading():
    source = read_text("a: yes\nb: 010\nc: 3\nc: 4\n", "w.yaml")

    assert [problem.code for problem in source.problems] == [
        "yaml-boolean",
        "yaml-number",
        "duplicate-key",
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("", None),
        ("~", None),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("2024-01-01", "2024-01-01"),
        ("'yes'", "yes"),
        ('"010"', "010"),
        ("!!str 12", "12"),
        ("y", "y"),
        ("v1.2.3", "v1.2.3"),
    ],
)
def test_plain_words_mean_what_they_look_like(text, value):
    source = read_text(f"a: {text}", "w.yaml")

    assert source.values == {"a": value}
    assert source.problems == []


def test_a_small_anchor_is_followed():
    assert read_text("a: &x [1]\nb: *x", "w.yaml").values == {"a": [1], "b": [1]}


def test_an_alias_bomb_is_refused_before_it_is_expanded():
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")

    problem = first_problem("\n".join(lines))

    assert (problem.code, problem.line) == ("too-many-values", 5)


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "a: " + '{"a":' * 5000])
def test_deep_nesting_is_refused_without_a_crash(text):
    assert first_problem(text).code == "nesting"


def test_json_is_read_as_json():
    text = json.dumps({"a": "grüße 😀 \\ud83d / \n", "b": [1e5, None, True]}, indent="\t")

    assert read_text(text, "w.json").values == json.loads(text)


def test_half_a_surrogate_pair_in_json_is_refused():
    assert first_problem('{"a": "\\ud83d"}', "w.json").code == "syntax"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text("xyz", min_size=1), json_values))
def test_every_json_mapping_is_read_unchanged(value):
    source = read_text(json.dumps(value), "w.json")

    assert source.values == value
    assert source.problems == []


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_crash(text):
    with suppress(WorkflowFileError):
        read_text(text, "w.yaml")


def test_a_byte_order_mark_is_skipped(tmp_path):
    path = tmp_path / "w.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1")

    assert read_source(path).values == {"a": 1}


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"a: 1\nb: \xff\n", "encoding", 2, 4),
        ("a: 1".encode("utf-16"), "encoding", 1, 1),
        (b"#" * (MAX_BYTES + 1), "too-large", 0, 0),
        (b"", "not-a-mapping", 0, 0),
    ],
)
def test_a_file_that_is_no_text_is_refused(tmp_path, data, code, line, column):
    path = tmp_path / "w.yaml"
    path.write_bytes(data)

    with pytest.raises(WorkflowFileError) as caught:
        read_source(path)

    problem = caught.value.problems[0]
    assert (problem.code, problem.line, problem.column) == (code, line, column)
    assert problem.file == str(path)


def test_a_missing_file_and_a_directory_are_refused(tmp_path):
    with pytest.raises(WorkflowFileError, match="There is no such file"):
        read_source(tmp_path / "nowhere.yaml")
    with pytest.raises(WorkflowFileError, match="cannot be read"):
        read_source(tmp_path)
    with pytest.raises(WorkflowFileError, match="cannot be read"):
        read_source("a\0b")
