"""The `file` sink: one trace run a file, written when the root of a trace has ended."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import agentglass
from agentglass.sinks import open_sink, reopen_sink
from agentglass.spans import Delivered, Retry, Trace
from agentglass.steps import read_run, run_from_trace
from agentglass.testing import capture, make_traces


def record_runs(count: int = 1) -> list[Trace]:
    """Return traces of a tool call each."""
    with capture() as captured:
        for number in range(count):
            with agentglass.trace("librarian"):
                with agentglass.span("catalogue", type="tool", input={"n": number}) as tool:
                    tool.output = "A herbal, 1491"
    return captured.traces


def test_every_run_is_a_file_of_its_own(tmp_path: Path) -> None:
    """The name has the run id; the content is the run."""
    traces = record_runs(3)

    assert open_sink("file", directory=tmp_path).deliver(traces) == Delivered()

    for trace in traces:
        written = read_run(tmp_path / f"trace-{trace.summary.run_id}.json")
        assert written.to_json() == run_from_trace(trace).to_json()
    assert len(list(tmp_path.iterdir())) == 3


def test_the_file_and_its_directory_are_their_owners(tmp_path: Path) -> None:
    directory = tmp_path / "made" / "here"

    open_sink("file", directory=directory).deliver(record_runs())

    (file,) = directory.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_the_same_run_again_replaces_its_file(tmp_path: Path) -> None:
    traces = record_runs()
    sink = open_sink("file", directory=tmp_path)
    sink.deliver(traces)
    (file,) = tmp_path.iterdir()
    file.write_text("something else")

    sink.deliver(traces)

    assert list(tmp_path.iterdir()) == [file]
    assert read_run(file).run_id == traces[0].summary.run_id


def test_a_run_is_written_when_its_root_has_ended(tmp_path: Path) -> None:
    """What comes before is taken and not written; it comes again."""
    open_root = make_traces(1, end_ns=None)
    without_root = make_traces(1, parent_id="a" * 16)
    sink = open_sink("file", directory=tmp_path)

    answers = [sink.deliver(batch) for batch in (open_root, without_root)]

    assert answers == [Delivered(), Delivered()]
    assert list(tmp_path.iterdir()) == []


def test_a_recorder_writes_files_as_its_runs_end(tmp_path: Path) -> None:
    recorder = agentglass.Recorder(
        home=tmp_path / "home", sinks=[open_sink("file", directory=tmp_path / "out")]
    )
    with agentglass.trace("librarian", recorder=recorder), agentglass.span("one"):
        pass
    recorder.close()

    (file,) = (tmp_path / "out").iterdir()
    assert [step.state_key for step in read_run(file).steps] == ["one"]


def test_a_directory_that_cannot_be_written_is_an_outage(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    sink = open_sink("file", directory=blocked)

    answer = sink.deliver(record_runs())
    os.unlink(blocked)

    assert isinstance(answer, Retry)
    assert "exist" in answer.reason
    assert sink.deliver(record_runs()) == Delivered()


def test_it_is_opened_again_from_its_address(tmp_path: Path) -> None:
    """`agentglass push` does so."""
    sink = open_sink("file", directory=tmp_path, indent=2)

    again = reopen_sink(sink.address)
    again.deliver(record_runs())

    assert again.address == sink.address
    assert sink.address.target == str(tmp_path)
    assert "\n  " in next(tmp_path.iterdir()).read_text()


def test_without_pydantic_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['pydantic'] = None\n"
        "from agentglass.errors import MissingExtraError\n"
        "from agentglass.sinks import open_sink\n"
        "try: open_sink('file', directory='.')\n"
        "except MissingExtraError as error: print(error)\n"
    )

    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert said.stdout.startswith("The 'file' sink needs an optional dependency")
    assert said.stdout.endswith("Run: pip install 'agentglass[run]'\n")
