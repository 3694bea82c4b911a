"""Search: what is found, what is not any more, while others write, and by many at once."""

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentglass
from agentglass import Recorder, Status
from agentglass.errors import OptionError
from agentglass.record import use_recorder
from agentglass.spans import ErrorInfo
from agentglass.store import SQLiteStore
from agentglass.testing import make_span


@pytest.fixture
def store(tmp_path):
    store = SQLiteStore(tmp_path / "traces.db")
    yield store
    store.close()


def names(store, text, **options):
    return [hit.name for hit in store.search(text, **options).hits]


def at(year, month):
    return int(datetime(year, month, 15, tzinfo=UTC).timestamp()) * 10**9


def months(store):
    with sqlite3.connect(store.path) as db:
        rows = db.execute("SELECT name FROM sqlite_master WHERE name GLOB 'fts_[0-9]*'").fetchall()
    db.close()
    return sorted(name for (name,) in rows if name.count("_") == 1)


def test_names_inputs_outputs_and_errors_are_found(store):
    store.write(
        [
            make_span(name="collect rocks"),
            make_span(name="a", input={"question": "Where is the seismograph?"}),
            make_span(name="b", output=["line one\nGranite line two"]),
            make_span(name="c", status=Status.ERROR, error=ErrorInfo("KeyError", "no basalt")),
        ]
    )

    assert names(store, "rocks") == ["collect rocks"]
    assert names(store, "seismograph") == ["a"]
    assert names(store, "granite") == ["b"]
    assert names(store, "basalt") == ["c"]
    assert names(store, "KeyError") == ["c"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("quick fox", True),
        ("fox quick", True),
        ('"quick brown"', True),
        ('"brown quick"', False),
        ("quick -lazy", False),
        ("quick -purple", True),
        ("qui*", True),
        ("qui", False),
        ("gpt-5-mini", True),
        ("CAFE", True),
        ("café", True),
        ("quick OR nothing", False),
        ("name:quick", False),
        ("NEAR(quick", False),
    ],
)
def test_words_phrases_beginnings_and_exclusions(store, text, found):
    store.write([make_span(name="x", input="The quick brown fox, a lazy dog, café, gpt-5-mini")])

    assert bool(names(store, text)) is found


@pytest.mark.parametrize("text", ["", "   ", "-quick", "!!! ***", '""', "\0"])
def test_a_search_without_a_word_says_so(store, text):
    with pytest.raises(OptionError, match="no word to look for"):
        store.search(text)


@pytest.fixture(scope="module")
def small_store():
    store = SQLiteStore(":memory:")
    store.write([make_span(name="x", input="a b c")])
    return store


@given(st.text(alphabet=st.sampled_from("ab\"'*-^(){}:+ \\\0\ud800ANDORNTE,;"), max_size=30))
def test_no_text_is_syntax_of_the_index(small_store, text):
    with suppress(OptionError):
        small_store.search(text)


def test_the_latest_come_first_and_a_limit_and_a_time_hold(store):
    spans = [make_span(name=f"n{n}", input="word", start_ns=at(2026, n), end_ns=at(2026, n) + 1)
             for n in range(1, 6)]  # fmt: skip
    store.write(spans)

    assert names(store, "word") == ["n5", "n4", "n3", "n2", "n1"]
    assert names(store, "word", limit=2) == ["n5", "n4"]
    assert names(store, "word", since_ns=at(2026, 4)) == ["n5", "n4"]


def test_a_hit_says_where_it_is_and_what_stands_around_it(store):
    span = make_span(name="write", output="x" * 500 + " the marble hall " + "y" * 500)
    store.write([span])

    (hit,) = store.search("marble").hits

    assert (hit.trace_id, hit.span_id, hit.name) == (span.trace_id, span.span_id, "write")
    assert hit.run_id.replace("-", "") == span.trace_id
    assert hit.field == "output"
    assert "the marble hall" in hit.snippet
    assert len(hit.snippet) < 200
    assert "\n" not in hit.snippet


def test_what_is_written_again_is_found_by_its_new_words_alone(store):
    span = make_span(output="granite")
    store.write([span])
    assert names(store, "granite") == ["work"]
    span.output = "basalt"
    store.write([span])

    assert names(store, "granite") == []
    assert names(store, "basalt") == ["work"]


def test_a_deleted_run_is_found_no_more(store):
    kept, gone = make_span(name="kept", input="word"), make_span(name="gone", input="word")
    store.write([kept, gone])
    assert len(names(store, "word")) == 2

    store.delete([gone.trace_id])
    store.write([make_span(name="new", input="other")])

    assert names(store, "word") == ["kept"]


def test_there_is_one_table_a_month_and_old_ones_go_whole(store):
    spans = [make_span(start_ns=at(2026, n), end_ns=at(2026, n) + 1) for n in (9, 10, 11)]
    store.write(spans)
    store.search("work")
    assert months(store) == ["fts_202609", "fts_202610", "fts_202611"]

    freed = store.clean_up(before_ns=at(2026, 11))

    assert (freed.runs, freed.months) == (2, 2)
    assert months(store) == ["fts_202611"]


def test_a_search_says_what_it_could_not_index(store):
    """Another program holds the store: the search looks at what is indexed and counts the rest."""
    store.write([make_span(name="old", input="word")])
    store.search("word")
    store.write([make_span(name="new", input="word"), make_span(end_ns=None)])
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    held = store.search("word")
    other.execute("ROLLBACK")
    other.close()
    free = store.search("word")

    assert ([hit.name for hit in held.hits], held.not_indexed) == (["old"], 1)
    assert ([hit.name for hit in free.hits], free.not_indexed) == (["new", "old"], 0)


def test_only_what_redaction_left_is_indexed(store):
    recorder = Recorder(store=store)
    with (
        use_recorder(recorder),
        agentglass.trace("run", input="my key sk-abcdefghijklmnop1234567890"),
    ):
        pass
    recorder.close()

    assert names(store, "key") == ["run"]
    assert names(store, "sk-abcdefghijklmnop1234567890") == []
    assert names(store, "abcdefghijklmnop1234567890") == []


def test_the_writer_indexes_behind_its_commits(store):
    recorder = Recorder(store=store)
    with use_recorder(recorder):
        for number in range(300):
            with agentglass.trace("run", input=f"word{number}"):
                pass
    reader = SQLiteStore(store.path)
    recorder.flush()
    deadline = time.monotonic() + 20
    while _left(store.path):
        assert time.monotonic() < deadline
        time.sleep(0.02)

    recorder.close()
    assert reader.search("word299").not_indexed == 0


def _left(path):
    with sqlite3.connect(path) as db:
        (count,) = db.execute(
            "SELECT count(*) FROM spans WHERE end_ns IS NOT NULL AND seq >"
            " coalesce((SELECT value FROM counters WHERE name = 'indexed_seq'), 0)"
        ).fetchone()
    db.close()
    return count


def test_searches_run_while_others_write(store):
    failures = []

    def write():
        try:
            writer = SQLiteStore(store.path)
            for _ in range(40):
                writer.write([make_span(input="word") for _ in range(20)])
            writer.close()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    found = []
    while thread.is_alive():
        found.append(len(store.search("word", limit=10_000).hits))
    thread.join()
    found.append(len(store.search("word", limit=10_000).hits))

    assert failures == []
    assert found == sorted(found)
    assert found[-1] == 800


def test_many_processes_may_index_at_once_and_each_span_is_indexed_once(store):
    spans = [make_span(name=f"n{n}", input="word") for n in range(1500)]
    store.write(spans)
    code = (
        "import sys; from agentglass.store import SQLiteStore\n"
        "print(SQLiteStore(sys.argv[1]).search('word', limit=10_000).not_indexed)"
    )

    processes = [
        subprocess.Popen([sys.executable, "-c", code, store.path], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    for process in processes:
        process.communicate(timeout=60)

    assert [process.returncode for process in processes] == [0] * 3
    hits = store.search("word", limit=10_000).hits
    assert sorted(hit.span_id for hit in hits) == sorted(span.span_id for span in spans)


@pytest.mark.parametrize("words", ["検索", "日本語", "日本語の検索", "テス*", '"沙子"', "ภาษา"])
def test_scripts_without_spaces_are_found_by_any_part(store, words):
    span = make_span(name="日本語の検索テスト", input={"q": "玻璃是由沙子做的"}, output="ภาษาไทย")
    store.write([span, make_span(name="日", input="本語 検")])

    assert [hit.span_id for hit in store.search(words).hits] == [span.span_id]
