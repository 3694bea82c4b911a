"""The `retrieve` node: what it finds in files, what a function finds, and what it refuses."""

import os

import pytest

from agentglass.errors import WorkflowExecutionError, WorkflowFileError
from agentglass.spans import SpanType, Status, names
from agentglass.steps import RetrievalStep, run_from_trace
from agentglass.testing import capture
from agentglass.workflow import run_workflow, validate_workflow

FLOW = """\
schema_version: "1.0"
flow: {name: search}
state:
  fields:
    question: str
    found: list
nodes:
  - {id: look, type: retrieve, query: "{question}", outputs: [found], %s}
"""

FINDERS = """\
def texts(query):
    return [query]


def other(text):
    return []


table = 3
"""

REFUNDS = """\
# Refunds

A refund is paid within 14 days.

Ask the billing desk with your order number.
"""


@pytest.fixture
def docs(write, tmp_path):
    """A few files beside the workflow."""
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    write(REFUNDS, "docs/refunds.md")
    write("Parcels leave the house every morning.\n", "docs/deep/shipping.md")
    write("Not to be read: refund secrets.\n", "docs/.hidden.md")
    write(FINDERS, "finders.py")
    return tmp_path / "docs"


@pytest.fixture
def flow(write, docs):
    """Write a workflow whose only node searches."""
    return lambda options="paths: [docs]": write(FLOW % options)


@pytest.fixture
def ask(flow):
    """Run the workflow for a question and return the documents."""

    def run(question, options="paths: [docs]"):
        return run_workflow(flow(options), {"question": question}).result

    return run


def test_the_piece_that_answers_is_found(ask):
    (found,) = ask("When is a REFUND paid?")

    assert found["id"] == "docs/refunds.md#1"
    assert found["source"] == "docs/refunds.md"
    assert found["line"] == 1
    assert found["text"] == REFUNDS.strip()
    assert 0 < found["score"] < 1


def test_a_search_is_a_span_and_a_step_with_scores(flow):
    with capture() as recorded:
        result = run_workflow(flow(), {"question": "refund"})

    assert recorded.outline().splitlines()[1:] == [
        "  look node ok",
        "    retrieve docs retrieval ok",
    ]
    span = recorded.span("retrieve docs")
    assert span.type == SpanType.RETRIEVAL
    assert span.input == "refund"
    assert span.output == result.result
    assert span.attributes == {
        names.OPERATION: "retrieval",
        names.RETRIEVAL_TOP_K: 5,
        names.RETRIEVAL_SOURCES: ["docs"],
        names.RETRIEVAL_COUNT: 1,
        names.RETRIEVAL_FILES: 2,
        names.RETRIEVAL_SKIPPED: 0,
    }
    steps = run_from_trace(recorded.trace).steps
    (step,) = [step for step in steps if isinstance(step, RetrievalStep)]
    assert (step.query, step.match_count) == ("refund", 1)
    assert step.results[0].content == result.result[0]["text"]
    assert step.results[0].score == result.result[0]["score"]


def test_nothing_of_the_contents_is_recorded_at_level_metrics(flow):
    with capture() as recorded:
        run_workflow(flow(), {"question": "refund"}, level="metrics")

    span = recorded.span("retrieve docs")
    assert (span.input, span.output) == (None, None)
    assert span.attributes[names.RETRIEVAL_COUNT] == 1


def test_the_best_piece_comes_first(ask, write):
    write("apple pear " + "word " * 50, "docs/a.md")
    write("apple pear plum", "docs/b.md")
    write("apple " + "word " * 50, "docs/c.md")

    found = ask("apple, pear or plum?")

    assert [item["source"] for item in found] == ["docs/b.md", "docs/a.md", "docs/c.md"]
    scores = [item["score"] for item in found]
    assert scores == sorted(scores, reverse=True)
    assert [item["id"] for item in ask("apple", "paths: [docs], top_k: 1")] == [found[0]["id"]]


@pytest.mark.parametrize(
    "question",
    [
        '"refund',
        "refund AND NOT (",
        "body: refund* ^ NEAR(",
        "NOT refund",
        "refund\0",
        "réfund",
        "refund " + " ".join(f"w{number}" for number in range(10_000)),
    ],
)
def test_a_question_is_text_and_nothing_else(ask, question):
    found = ask(question)

    assert "docs/refunds.md" in [item["source"] for item in found]


@pytest.mark.parametrize("question", ["", "?!", "___", "* AND", "submarine", "😀"])
def test_a_question_without_a_known_word_finds_nothing(ask, question):
    assert ask(question) == []


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("我们的退款政策是十四天。", "退款"),
        ("我们的退款政策是十四天。", "什么是退款政策?"),
        ("我们的退款政策是十四天。", "退"),
        ("返金は14日以内に行われます。", "返金について"),
        ("환불은 14일 이내에 처리됩니다.", "환불"),
        ("คืนเงินภายใน 14 วัน", "คืนเงิน"),
        ("धनवापसी चौदह दिनों में", "धनवापसी"),
        ("Die Rückerstattung", "ruckerstattung"),
        ("Ящик", "ЯЩИК"),
    ],
)
def test_every_script_is_searched(ask, write, text, question):
    write(text, "docs/other.md")

    found = ask(question)

    assert [item["text"] for item in found] == [text]


def test_a_long_file_is_cut_at_paragraphs_with_the_lines_known(ask, write):
    paragraphs = [f"Paragraph {number} " + "word " * 30 + f"mark{number}." for number in range(40)]
    text = "\r\n\r\n".join(paragraphs)
    (write("", "docs/long.md")).write_bytes(text.encode())

    found = ask("mark17", "paths: [docs/long.md], chunk_chars: 400")

    assert all("mark17" in item["text"] for item in found)
    assert all(len(item["text"]) <= 400 for item in found)
    lines = text.split("\r\n")
    for item in found:
        assert lines[item["line"] - 1].startswith(item["text"].split("\n")[0])


def test_a_file_that_has_changed_is_read_again(ask, docs):
    assert ask("submarine") == []

    (docs / "refunds.md").write_text("Now about a submarine.")

    assert [item["source"] for item in ask("submarine")] == ["docs/refunds.md"]


def test_files_that_are_no_text_or_too_large_are_left_out_and_said(flow, docs):
    (docs / "picture.png").write_bytes(b"\x89PNG\0refund")
    with (docs / "huge.log").open("wb") as stream:
        stream.truncate(10_000_001)
    (docs / "latin.txt").write_bytes("refund für alle".encode("latin-1"))

    with capture() as recorded:
        result = run_workflow(flow(), {"question": "refund"})

    sources = {item["source"] for item in result.result}
    assert sources == {"docs/refunds.md", "docs/latin.txt"}
    span = recorded.span("retrieve docs")
    assert span.attributes[names.RETRIEVAL_SKIPPED] == 2
    assert [event.attributes for event in span.events] == [
        {"source": "docs/huge.log", "reason": "larger than 10 MB"},
        {"source": "docs/picture.png", "reason": "not a text file"},
    ]


@pytest.fixture
def outside(tmp_path_factory):
    """A file that lies elsewhere."""
    path = tmp_path_factory.mktemp("elsewhere") / "secret.md"
    path.write_text("refund secrets")
    return path


def test_a_relative_path_that_leads_out_is_refused(ask, docs, outside):
    (docs / "link.md").symlink_to(outside)
    refused = "leads out of the workflow's directory"

    with pytest.raises(WorkflowExecutionError, match=refused):
        ask("refund", "paths: ['docs/*.md']")
    for path in ("docs/link.md", f"../{outside.parent.name}/secret.md", ".."):
        with pytest.raises(WorkflowFileError, match=refused):
            ask("refund", f"paths: ['{path}']")
    with pytest.raises(WorkflowExecutionError, match=refused):
        ask("refund", "paths: ['../*/*.md']")


def test_an_absolute_path_may_lead_anywhere(ask, outside):
    for path in (outside, outside.parent, outside.parent / "*.md"):
        (found,) = ask("refund", f"paths: ['{path}']")
        assert found["source"] == str(outside)


def test_links_in_a_circle_end(ask, docs):
    (docs / "loop").symlink_to(docs, target_is_directory=True)
    (docs / "self.md").symlink_to(docs / "self.md")
    (docs / "gone.md").symlink_to(docs / "nowhere.md")

    assert len(ask("refund")) == 1


def test_a_pattern_that_matches_nothing_is_an_error_of_the_run(flow):
    with capture() as recorded, pytest.raises(WorkflowExecutionError) as caught:
        run_workflow(flow("paths: ['docs/*.txt', 'notes/*']"), {"question": "refund"})

    assert (
        str(caught.value.original_error)
        == f"Node 'look': The path {flow().parent / 'notes'} does not exist."
    )
    assert recorded.span("retrieve docs/*.txt").status is Status.ERROR


def test_files_that_match_nowhere_are_named(ask):
    with pytest.raises(WorkflowExecutionError, match=r"No file matches 'docs/\*\.txt'\."):
        ask("refund", "paths: ['docs/*.txt']")


def test_too_many_files_are_refused(ask, docs):
    (docs / "many").mkdir()
    for number in range(5_001):
        os.close(os.open(docs / "many" / f"{number}.txt", os.O_CREAT))

    with pytest.raises(
        WorkflowExecutionError, match=r"'docs/many/\*' leads to more than 5000 files or 200 MB"
    ):
        ask("refund", "paths: ['docs/many/*']")


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ("top_k: 3", "missing", "either `paths` or `retriever`; this one has neither"),
        ("paths: [docs], retriever: 'finders:texts'", "missing", "this one has both"),
        ("paths: [docs/nothing.md]", "no-files", "'docs/nothing.md' does not exist"),
        ("paths: [' ']", "path", "' ' is not a path"),
        (f"paths: ['{'x' * 5000}']", "path", "cannot be looked up: File name too long"),
        ("retriever: 'finders:text'", "callable", "Did you mean 'texts'?"),
        ("retriever: 'finders:table'", "callable", "cannot be called"),
        ("retriever: 'finders:other'", "arguments", "cannot be called with query: missing a"),
        ("paths: [docs], top_k: 0", "invalid", "top_k"),
    ],
)
def test_mistakes_are_found_before_the_run(flow, options, code, message):
    problems = validate_workflow(flow(options))

    assert message in "\n".join(f"{problem.path} {problem.message}" for problem in problems)
    assert code == "invalid" or code in [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("field", "outputs", "code"),
    [("str", "[found]", "type"), ("list[str]", "[found]", "type"), ("list", "[]", "missing")],
)
def test_the_documents_need_a_list_to_go_to(write, docs, field, outputs, code):
    text = FLOW.replace("found: list", f'found: "{field}"') % "paths: [docs]"

    problems = validate_workflow(write(text.replace("outputs: [found]", f"outputs: {outputs}")))

    assert code in [problem.code for problem in problems]


@pytest.mark.parametrize("field", ["list[object]", "list[dict]", "list[dict[str, str]]"])
def test_typed_lists_take_documents(write, docs, field):
    text = FLOW.replace("found: list", f'found: "{field}"') % "paths: [docs]"

    assert validate_workflow(write(text)) == []
