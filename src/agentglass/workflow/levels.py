"""Which level a run is recorded at."""

import os
from collections.abc import Mapping

from agentglass.record import check_level
from agentglass.spans import Level
from agentglass.workflow.workflow import Workflow

__all__ = ["LEVEL_VARIABLE", "resolve_level"]

LEVEL_VARIABLE = "AGENTGLASS_LEVEL"


def resolve_level(
    workflow: Workflow, level: str | None = None, environ: Mapping[str, str] = os.environ
) -> Level:
    """Return the first that is set: argument, AGENTGLASS_LEVEL, the workflow file, `trace`.

    Raises:
        OptionError: It is no level.
    """
    in_file = workflow.config.observability.level
    wanted = level or environ.get(LEVEL_VARIABLE) or in_file or "trace"
    return check_level(wanted)
