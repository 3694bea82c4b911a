"""The command line: one module per verb."""

from agentglass.cli.main import VERBS, app, main

__all__ = ["VERBS", "app", "main"]
