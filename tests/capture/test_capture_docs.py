"""docs/capture.md: every block of code runs."""

import re
from pathlib import Path

import pytest

from agentglass.testing import capture

PAGE = Path(__file__).parents[2] / "docs" / "capture.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_block_runs(block):
    with capture() as recorded:
        exec(compile(block, str(PAGE), "exec"), {"__name__": "block"})

    assert recorded.traces
