import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentglass.workflow.templates import Scope, TemplateError, parse_template, render, templates_in

STATE = {
    "topic": "glass",
    "count": 3,
    "items": [{"name": "a"}, {"name": "b"}],
    "nothing": None,
    "flag": True,
}


def fill(text, inputs=None, state=STATE):
    return render(text, Scope(state, inputs or {}), {})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("About {topic}.", "About glass."),
        ("{state.topic}", "glass"),
        ("{items[1].name}!", "b!"),
        ("{count}", 3),
        ("{items}", STATE["items"]),
        ("{nothing}", None),
        ("[{nothing}]", "[]"),
        ("{count} {flag}", "3 true"),
        ("all: {items}", 'all: [{"name": "a"}, {"name": "b"}]'),
        ('{"a": 1, "b": {}}', '{"a": 1, "b": {}}'),
        ('{"a": {"b": {count}}}', '{"a": {"b": 3}}'),
        ("{{topic}}", "{topic}"),
        ("{{{topic}}}", "{{topic}}"),
        ("{ topic } {} {0} {a-b}", "{ topic } {} {0} {a-b}"),
        ("{topic!r} {topic:>10}", "{topic!r} {topic:>10}"),
        ("", ""),
    ],
)
def test_a_path_in_braces_is_a_template_and_nothing_else(text, value):
    assert fill(text) == value


def test_inputs_win_over_the_state():
    assert fill("{topic} {state.topic}", {"topic": "mine"}) == "mine glass"


def test_texts_inside_lists_and_mappings_are_filled_in():
    value = {"a": ["{count}", 1], "b": {"c": "{topic}"}}

    assert fill(value) == {"a": [3, 1], "b": {"c": "glass"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{tpic}", "Did you mean 'topic'"),
        ("{items[7].name}", "no item 7 in a list of 2"),
        ("{items[0].nam}", "Did you mean 'name'"),
        ("{count.real}", "needs a mapping"),
        ("{topic[0]}", "needs a list"),
        ("{nothing.x}", "needs a mapping, not nothing"),
        ("{topic.__class__}", "needs a mapping"),
    ],
)
def test_a_path_that_leads_nowhere_says_why(text, message):
    with pytest.raises(TemplateError, match=message):
        fill(text)


def test_every_resolution_is_recorded_under_the_template():
    """P-T7: what a template stood for is captured."""
    resolutions = {}

    render(["{topic} and {items[0].name}", "{count}"], Scope(STATE, {}), resolutions)

    assert resolutions == {"{topic}": "glass", "{items[0].name}": "a", "{count}": 3}


def test_templates_are_found_with_their_place():
    found = [(path, item.text) for path, item in templates_in({"a": ["x {b.c} {{d}}"]}, ("p",))]

    assert found == [(("p", "a", 0), "{b.c}")]


@given(st.text())
def test_a_value_is_never_read_as_a_template(value):
    text = fill("{x} {topic} {x}", {"x": value})

    assert text == f"{value} glass {value}"


@given(st.text("{}ab[]0.\"'"))
def test_a_template_full_of_braces_is_either_filled_in_or_kept(text):
    scope = Scope({"a": "{b}", "b": "{a}", "ab": "", "ba": "", "aa": "", "bb": ""}, {})
    try:
        rendered = render(text, scope, {})
    except TemplateError:
        return
    if not parse_template(text).expressions:
        assert isinstance(rendered, str)


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_a_template_that_is_the_whole_text_keeps_the_value(value):
    assert fill("{x}", {"x": value}) is value
