"""A `retrieve` node with a function of its own."""

import pytest

from agentglass.errors import WorkflowExecutionError
from agentglass.spans import names
from agentglass.testing import capture
from agentglass.workflow import run_workflow

FLOW = """\
schema_version: "1.0"
flow: {name: search}
state: {fields: {question: str, found: list}}
nodes: [{id: look, type: retrieve, query: "{question}", outputs: [found], %s}]
"""

RETRIEVERS = """\
error = ConnectionError("index is down")


def texts(query):
    return [f"about {query}", "more"]


def limited(query, top_k):
    return [{"text": str(number), "score": 0.5, "page": number} for number in range(top_k + 5)]


async def pages(query, **options):
    return ({"page_content": query, "source": "web", "metadata": options},)


def fail(query):
    raise error


def wrong(query):
    return {"a": 1}


def wrong_item(query):
    return ["fine", {"body": "x"}]


def number(query):
    return [3]
"""


@pytest.fixture
def flow(write):
    """Write a workflow whose only node asks a function."""
    write(RETRIEVERS, "finders.py")
    return lambda options: write(FLOW % options)


@pytest.fixture
def ask(flow):
    """Run the workflow for a question and return the documents."""
    return lambda question, options: run_workflow(flow(options), {"question": question}).result


def test_texts_of_a_function_are_documents(flow):
    with capture() as recorded:
        result = run_workflow(flow("retriever: 'finders:texts', top_k: 1"), {"question": "a"})

    assert result.result == [
        {
            "id": "finders:texts#1",
            "source": "finders:texts",
            "line": None,
            "score": None,
            "text": "about a",
        }
    ]
    span = recorded.span("retrieve finders:texts")
    assert (span.input, span.output) == ("a", result.result)
    assert span.attributes[names.RETRIEVAL_SOURCES] == ["finders:texts"]


def test_a_function_learns_how_much_is_wanted_and_is_held_to_it(ask):
    found = ask("a", "retriever: 'finders:limited', top_k: 2")

    assert [(item["text"], item["score"], item["page"]) for item in found] == [
        ("0", 0.5, 0),
        ("1", 0.5, 1),
    ]


def test_an_async_function_of_another_framework_is_understood(ask):
    (found,) = ask("a", "retriever: 'finders:pages'")

    assert (found["text"], found["source"]) == ("a", "web")
    assert found["metadata"] == {"top_k": 5}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wrong", "'finders:wrong' returned 'dict'. Expected: a list of texts"),
        ("wrong_item", "'finders:wrong_item' returned 'dict' as document 2."),
        ("number", "'finders:number' returned 'int' as document 1."),
    ],
)
def test_what_is_no_list_of_documents_is_refused(ask, name, message):
    with pytest.raises(WorkflowExecutionError) as caught:
        ask("a", f"retriever: 'finders:{name}'")

    assert message in str(caught.value)


def test_an_exception_of_the_function_reaches_the_caller(ask):
    with pytest.raises(WorkflowExecutionError, match="index is down"):
        ask("a", "retriever: 'finders:fail'")


def test_a_builtin_that_does_not_say_what_it_takes_is_tried(ask):
    with pytest.raises(WorkflowExecutionError, match="'builtins:dict' returned 'dict'"):
        ask("a", "retriever: 'builtins:dict'")
