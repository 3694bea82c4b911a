"""What must hold of the tools, agents and teams that a workflow declares."""

from collections.abc import Iterator

from agentglass.errors import did_you_mean
from agentglass.workflow.agent_config import TeamConfig
from agentglass.workflow.agents.checks import check_settings, check_stop, check_tool
from agentglass.workflow.answer_checks import check_model
from agentglass.workflow.asking import answer_type
from agentglass.workflow.draft import Draft
from agentglass.workflow.field_types import TypeTextError
from agentglass.workflow.library import Library
from agentglass.workflow.node_types import Finding

__all__ = ["check_library"]


def check_library(draft: Draft) -> None:
    """Note what is wrong with the sections `tools`, `agents` and `teams`."""
    for section, findings in _findings(draft.library):
        for finding in findings:
            draft.add((*section, *finding.path), finding.code, finding.message)


def _findings(library: Library) -> Iterator[tuple[tuple[str, str], list[Finding]]]:
    for name in library.tools:
        yield ("tools", name), list(check_tool(name, library, ("callable",)))
    for name in library.agents:
        yield ("agents", name), [*_check_name(name, library), *_check_agent(name, library)]
    for name, team in library.teams.items():
        yield ("teams", name), [*_check_name(name, library), *_check_team(team, library)]


def _check_name(name: str, library: Library) -> Iterator[Finding]:
    if not name.isidentifier():
        message = f"{name!r} cannot be a name here. Expected: letters, digits and '_'."
        yield Finding((), "name", message)
    if name in library.agents and name in library.teams:
        yield Finding((), "name", f"{name!r} is an agent and a team; give one another name.")


def _check_agent(name: str, library: Library) -> Iterator[Finding]:
    agent = library.agents[name]
    yield from check_settings(agent, library)
    yield from check_stop(agent)
    yield from check_model(library.llm_for(agent.llm))
    try:
        answer_type(agent.output_schema)
    except TypeTextError as error:
        yield Finding(("output_schema",), "type", str(error))


def _check_team(team: TeamConfig, library: Library) -> Iterator[Finding]:
    for index, name in enumerate(team.agents):
        if name not in library.agents:
            message = (
                f"There is no agent {name!r}.{did_you_mean(name, library.agents)} "
                f"Agents: {', '.join(library.agents) or 'none'}."
            )
            yield Finding(("agents", index), "unknown-agent", message)
        elif name in team.agents[:index]:
            yield Finding(("agents", index), "duplicate", f"The agent {name!r} is here twice.")
    for name in team.triggers:
        if name not in team.agents:
            message = (
                f"{name!r} is not of the team.{did_you_mean(name, team.agents)} "
                f"Agents: {', '.join(team.agents)}."
            )
            yield Finding(("triggers", name), "unknown-agent", message)
    if team.synthesis.prompt is not None:
        for finding in check_model(library.llm_for(team.synthesis.llm)):
            yield Finding(("synthesis", *finding.path), finding.code, finding.message)
