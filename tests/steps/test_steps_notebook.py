"""Traces in a notebook, and the latest one at hand."""

from html.parser import HTMLParser

import pytest

import agentglass
from agentglass.spans.notebook import MOST_SPANS
from agentglass.steps import Tracer
from agentglass.testing import capture

VOID = {"br", "hr", "img"}


class Outline(HTMLParser):
    """Reads the tags and the texts; fails where tags do not match."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def recorded():
    with capture() as found, agentglass.trace("<script>alert(1)</script>"):
        with agentglass.span("ask", type="llm", input="a & b") as span:
            span.usage = agentglass.Usage(input_tokens=1200, output_tokens=5)
        with agentglass.span("fail") as span:
            span.record_error(ValueError("<no>"))
    return found


def test_a_trace_shows_as_a_tree_and_nothing_in_it_is_markup(recorded):
    outline = Outline(recorded.trace._repr_html_())

    assert outline.tags.count("details") == 3
    assert set(outline.tags) == {"div", "details", "summary", "b", "span"}
    for text in ("<script>alert(1)</script>", "a & b", "1,200→5 tok", "ValueError: <no>"):
        assert text in outline.text


def test_a_run_of_steps_shows_as_the_same_tree():
    with capture(), Tracer.run("bot") as tracer:
        call = tracer.llm_call("m", "q", "a")
        tracer.tool_call("look", {}, None, parent_step_id=call)

    outline = Outline(tracer.get_trace()._repr_html_())

    assert outline.tags.count("details") == 3
    assert "look" in outline.text


def test_a_long_trace_is_cut_and_says_so():
    with capture() as found, agentglass.trace("run"):
        for _ in range(MOST_SPANS + 7):
            with agentglass.span("x"):
                pass

    outline = Outline(found.trace._repr_html_())

    assert outline.tags.count("details") == MOST_SPANS
    assert "and 8 more spans" in outline.text


def test_the_last_trace_is_the_latest_run():
    with capture():
        assert agentglass.last_trace() is None
        for name in ("first", "second"):
            with agentglass.trace(name):
                pass

        assert agentglass.last_trace().summary.name == "second"
