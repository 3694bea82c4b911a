"""The real command line in a process of its own, and the workflow that most tests run."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

STEPS = """
import asyncio


def collect(topic):
    return [f"{topic} is old", f"{topic} is new"]


def fail(topic):
    raise ValueError(f"no facts about {topic}")


async def sleep_async(seconds):
    await asyncio.sleep(seconds)
    return seconds
"""

STORY = """
schema_version: "1.0"
flow: {name: story}
state:
  fields:
    topic: {type: str, required: true}
    facts: list[str]
    draft: str
    story: str
nodes:
  - id: collect
    type: python
    callable: steps:collect
    inputs: {topic: "{topic}"}
    outputs: [facts]
  - id: write
    title: Write the draft
    type: llm
    prompt: "Write about {topic}: {facts[0]}"
    outputs: [draft]
  - id: finish
    type: set
    values: {story: "{topic}: {draft}"}
outputs: [story]
config:
  llm:
    provider: fake
    model: scripted
    options:
      replies: [{text: Sand and fire., usage: {input_tokens: 12, output_tokens: 5}, cost_usd: "0.000375"}]
"""

FAILING = STORY.replace("steps:collect", "steps:fail", 1)
"""The first node fails."""

FAILING_LATE = STORY.replace(
    """  - id: finish
    type: set
    values: {story: "{topic}: {draft}"}
""",
    """  - id: check
    type: python
    callable: steps:fail
    inputs: {topic: "{topic}"}
    outputs: [story]
  - id: finish
    type: set
    values: {story: never}
""",
)
"""The third of four nodes fails."""


@dataclass(frozen=True)
class Output:
    """What one call of the command line gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON, by the letter: NaN and Infinity are refused."""
        return json.loads(self.out, parse_constant=_refuse)


def _refuse(word: str) -> Any:
    raise AssertionError(f"{word} is not JSON")


class CommandLine:
    """Calls `agentglass` with a home, a temporary directory and a working directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / "home"
        self.temporary = directory / "tmp"
        self.temporary.mkdir(parents=True, exist_ok=True)
        self.write(STEPS, "steps.py")

    def __call__(self, *arguments: object, env: Mapping[str, str] | None = None) -> Output:
        """Call it and wait for its end."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment(env),
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Output(done.returncode, done.stdout.decode(), done.stderr.decode())

    def command(self, *arguments: object) -> list[str]:
        """Return the words of a call."""
        return [sys.executable, "-m", "agentglass", *map(str, arguments)]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the variables of a call: those of the tests, without their settings."""
        ours = ("AGENTGLASS_", "PFLOW_", "OPENAI_")
        kept = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
        own = {"AGENTGLASS_HOME": str(self.home), "TMPDIR": str(self.temporary)}
        return {**kept, **own, "PYTHONUTF8": "1", **(extra or {})}

    def write(self, text: str, name: str = "workflow.yaml") -> Path:
        """Write a file beside the others and return its path."""
        path = self.directory / name
        path.write_text(dedent(text), encoding="utf-8")
        return path

    def debug_files(self) -> list[Path]:
        """Return what `--trace` wrote."""
        return sorted((self.home / "debug").glob("*.json"))

    def last_debug_file(self) -> Any:
        """Return the contents of the only file that `--trace` wrote."""
        (path,) = self.debug_files()
        return json.loads(path.read_text(encoding="utf-8"))
