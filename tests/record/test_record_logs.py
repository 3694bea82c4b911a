"""Log lines that name their run, and runs that hold their log lines."""

import io
import logging

import pytest

import agentglass
from agentglass.record.logs import DROPPED, RunFilter, SpanHandler
from agentglass.testing import capture


@pytest.fixture
def logger():
    logger = logging.Logger("shop.orders")
    yield logger
    for handler in logger.handlers:
        handler.close()


def with_spans(logger, **options):
    logger.addHandler(SpanHandler(**options))
    return logger


def lines(span):
    return [event.attributes.get("log.message") for event in span.events]


def test_a_line_carries_the_ids_of_its_run_and_span(logger):
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.addFilter(RunFilter())
    handler.setFormatter(logging.Formatter("[%(run_id)s %(trace_id)s %(span_id)s] %(message)s"))
    logger.addHandler(handler)

    with capture(), agentglass.trace("run") as run, agentglass.span("step") as step:
        logger.info("inside")
    logger.info("outside")

    inside, outside = text.getvalue().splitlines()
    assert inside == f"[{run.run_id} {run.trace_id} {step.span_id}] inside"
    assert outside == "[  ] outside"


def test_a_line_becomes_an_event_of_the_span_it_was_written_in(logger):
    with_spans(logger)

    with capture() as recorded, agentglass.trace("run"):
        logger.info("started %d", 3)
        with agentglass.span("step"):
            try:
                raise ValueError("no")
            except ValueError:
                logger.exception("failed")

    step, run = recorded.spans
    if step.name != "step":
        step, run = run, step
    assert [(event.name, dict(event.attributes)) for event in run.events] == [
        ("log", {"log.level": "INFO", "log.logger": "shop.orders", "log.message": "started 3"})
    ]
    (event,) = step.events
    assert event.attributes["log.exception"] == "ValueError: no"


def test_lines_outside_of_a_run_and_in_one_that_is_off_go_nowhere(logger):
    with_spans(logger)

    logger.info("nowhere")
    with capture() as recorded, agentglass.trace("run", level="off"):
        logger.info("nowhere")

    assert recorded.spans == []


def test_a_span_takes_only_so_many_lines_and_counts_the_others(logger):
    with_spans(logger, max_events=3)

    with capture() as recorded, agentglass.trace("run"):
        for number in range(10):
            logger.info("%d", number)

    (run,) = recorded.spans
    assert lines(run) == ["0", "1", "2"]
    assert run.attributes[DROPPED] == 7


def test_what_is_logged_while_a_line_is_handled_is_left_out(logger):
    """A value whose text logs, and which would so never come to an end."""
    with_spans(logger)

    class Chatty:
        def __str__(self):
            logger.info("who asks? %s", self)
            return "chatty"

    with capture() as recorded, agentglass.trace("run"):
        logger.info("say %s", Chatty())

    assert lines(recorded.spans[0]) == ["say chatty"]


def test_the_lines_of_agentglass_itself_are_left_out():
    handler = SpanHandler()
    ours = logging.getLogger("agentglass")
    ours.addHandler(handler)
    try:
        with capture() as recorded, agentglass.trace("run") as run:
            with agentglass.span("step") as step:
                pass
            step.set_attribute("late", 1)
            ours.warning("about myself")
    finally:
        ours.removeHandler(handler)
        handler.close()

    assert [span.events for span in recorded.spans] == [[], []]
    assert run.end_ns is not None


def test_a_value_without_a_text_does_not_reach_the_program(logger, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    with_spans(logger)

    class Broken:
        def __str__(self):
            raise RuntimeError("no text")

    with capture() as recorded, agentglass.trace("run"):
        logger.info("%s", Broken())
        logger.info("on")

    assert lines(recorded.spans[0]) == ["on"]


def test_at_level_metrics_no_text_is_kept(logger):
    with_spans(logger)

    with capture() as recorded, agentglass.trace("run", level="metrics"):
        logger.warning("my secret")

    (event,) = recorded.spans[0].events
    assert dict(event.attributes) == {"log.level": "WARNING", "log.logger": "shop.orders"}


def test_a_secret_in_a_line_is_redacted(logger):
    with_spans(logger)

    with capture() as recorded, agentglass.trace("run"):
        logger.info("key is sk-abcdefghijklmnop1234567890")

    assert "abcdefghijklmnop" not in str(recorded.spans[0].events)
