"""From `module:function` in a workflow file to a tool."""

import re
from pathlib import Path

from agentglass.errors import OptionError, ToolError
from agentglass.workflow.callables import CallableError, load_callable
from agentglass.workflow.tools.docstring import first_paragraph
from agentglass.workflow.tools.signature import SignatureError, read_signature
from agentglass.workflow.tools.tool import WorkflowTool

__all__ = ["load_tool"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DEFAULT_TIMEOUT_S = 60.0
_MOST_RETRIES = 20


def load_tool(
    target: str,
    directory: Path,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout_s: float | None = None,
    retries: int | None = None,
) -> WorkflowTool:
    """Import a function as a tool.

    Args:
        target: As in `tools.search:find`; modules beside the workflow file are found.
        directory: Where the workflow file is.
        name: What a model calls it; the function's name where it is missing.
        description: What a model is told; the first paragraph of the docstring where it is missing.
        timeout_s: How long one attempt may take.
        retries: How often a call that failed is tried again.

    Raises:
        ToolError: There is no such function, or it cannot be a tool.
        OptionError: `timeout_s` or `retries` is out of bounds.
    """
    name = target.rpartition(":")[2].rpartition(".")[2] if name is None else name
    try:
        function = load_callable(target, directory)
    except CallableError as error:
        raise ToolError(name, str(error)) from error
    if not _NAME.fullmatch(name):
        raise ToolError(name, "the name of a tool is 1 to 64 letters, digits, '_' or '-'.")
    try:
        signature = read_signature(function)
    except SignatureError as error:
        raise ToolError(name, f"{target!r} cannot be a tool: {error}") from error
    description = first_paragraph(function) if description is None else description
    return WorkflowTool(
        name,
        function,
        description,
        signature,
        timeout_s=_DEFAULT_TIMEOUT_S if timeout_s is None else _checked_timeout(timeout_s),
        retries=0 if retries is None else _checked_retries(retries),
    )


def _checked_timeout(timeout_s: float) -> float:
    if not 0 < timeout_s < float("inf"):
        raise OptionError(f"timeout_s is {timeout_s!r}. Expected: a number of seconds above 0.")
    return timeout_s


def _checked_retries(retries: int) -> int:
    if not 0 <= retries <= _MOST_RETRIES:
        raise OptionError(f"retries is {retries!r}. Expected: 0 to {_MOST_RETRIES}.")
    return retries
