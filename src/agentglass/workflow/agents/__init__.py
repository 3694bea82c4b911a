"""Agents: a model with tools, asked again and again until it has an answer; and teams of them."""

from agentglass.workflow.agents.delegation import MAX_DEPTH, Delegation, make_agent
from agentglass.workflow.agents.loop import STOP_NAMES, Agent, AgentAnswer
from agentglass.workflow.agents.team import TeamAnswer
from agentglass.workflow.agents.toolbox import Toolbox, load_named_tool

__all__ = [
    "MAX_DEPTH",
    "STOP_NAMES",
    "Agent",
    "AgentAnswer",
    "Delegation",
    "TeamAnswer",
    "Toolbox",
    "load_named_tool",
    "make_agent",
]
