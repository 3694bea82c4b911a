"""A team on a question: who works, how they work together, and one answer from their findings."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agentglass.errors import NodeError, did_you_mean
from agentglass.models.port import Message
from agentglass.record import span
from agentglass.spans import SpanType
from agentglass.workflow.agent_config import SynthesisConfig, TeamConfig
from agentglass.workflow.asking import Asker
from agentglass.workflow.node_types import Visit
from agentglass.workflow.templates import as_text
from agentglass.workflow.together import all_at_once

__all__ = ["TeamAnswer", "consult_team"]

_Work = Callable[[str, str], Awaitable[Any]]
"""Takes an agent's name and a question."""


@dataclass(frozen=True, slots=True)
class TeamAnswer:
    """What came of a delegation."""

    text: str
    findings: Mapping[str, Any]
    """Agent -> what it found."""
    specialists: tuple[str, ...]
    """Those who worked, in order."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {
            "answer": self.text,
            "findings": dict(self.findings),
            "specialists": list(self.specialists),
        }


async def consult_team(
    name: str,
    team: TeamConfig,
    query: str,
    specialists: list[str] | None,
    work: _Work,
    asker: Asker,
    visit: Visit,
) -> TeamAnswer:
    """Let a team work on a question.

    Args:
        name: Of the team.
        team: The team.
        query: The question.
        specialists: Who is to work; None chooses by the team's triggers.
        work: Lets one agent work.
        asker: The model of the synthesis.
        visit: The visit on whose behalf.

    Raises:
        NodeError: Somebody is to work who is not of the team.
    """
    chosen = _select(name, team, query, specialists)
    if team.strategy == "parallel":
        findings = await _all_at_once(chosen, query, work)
    else:
        findings = {}
        for agent in chosen:
            findings[agent] = await work(agent, _with_findings(query, findings))
    for _ in range(team.discussion_rounds if len(chosen) > 1 else 0):
        findings = await _discuss(chosen, query, findings, work)
    if len(chosen) == 1:
        return TeamAnswer(as_text(findings[chosen[0]]), findings, tuple(chosen))
    text = await _synthesise(query, findings, team.synthesis, asker, visit)
    return TeamAnswer(text, findings, tuple(chosen))


def _select(name: str, team: TeamConfig, query: str, specialists: list[str] | None) -> list[str]:
    """Choose who works: those who were named, those whose triggers are met, or all."""
    with span(
        "selection", type=SpanType.CHAIN, input={"query": query, "specialists": specialists}
    ) as s:
        stranger = next((one for one in specialists or () if one not in team.agents), None)
        if stranger is not None:
            raise NodeError(
                name,
                f"{stranger!r} is not of the team.{did_you_mean(stranger, team.agents)} "
                f"Agents: {', '.join(team.agents)}.",
            )
        matched = {
            agent: words
            for agent in team.agents
            if (words := [word for word in team.triggers.get(agent, ()) if _occurs(word, query)])
        }
        if specialists:
            chosen, reason = [one for one in team.agents if one in specialists], "named"
        elif matched:
            chosen, reason = list(matched), "triggers"
        else:
            chosen, reason = list(team.agents), "all"
        s.output = {"specialists": chosen, "reason": reason, "triggers": matched}
        return chosen


def _occurs(word: str, text: str) -> bool:
    """Tell whether a word, or the beginning of one, stands in a text."""
    return re.search(rf"(?<!\w){re.escape(word)}", text, re.IGNORECASE) is not None


async def _all_at_once(agents: list[str], query: str, work: _Work) -> dict[str, Any]:
    found = await all_at_once(work(agent, query) for agent in agents)
    return dict(zip(agents, found, strict=True))


async def _discuss(
    agents: list[str], query: str, findings: Mapping[str, Any], work: _Work
) -> dict[str, Any]:
    """Show everybody all findings, at once; what they say now counts."""
    with span("discussion", type=SpanType.CHAIN, input=dict(findings)) as s:
        asked = (
            f"{_with_findings(query, findings)}\n\nThese are all findings, yours included. "
            "Correct or confirm your own."
        )
        s.output = agreed = await _all_at_once(agents, asked, work)
        return agreed


def _with_findings(query: str, findings: Mapping[str, Any]) -> str:
    if not findings:
        return query
    return f"{query}\n\nFound so far:\n{_listed(findings)}"


def _listed(findings: Mapping[str, Any]) -> str:
    return "\n\n".join(f"## {agent}\n{as_text(value)}" for agent, value in findings.items())


async def _synthesise(
    query: str, findings: Mapping[str, Any], synthesis: SynthesisConfig, asker: Asker, visit: Visit
) -> str:
    with span("synthesis", type=SpanType.CHAIN, input=dict(findings)) as s:
        if synthesis.prompt is None:
            s.output = text = _listed(findings)
            return text
        asked = f"{synthesis.prompt}\n\nThe question: {query}\n\n{_listed(findings)}"
        reply = await asker.ask(visit, (Message("user", asked),))
        s.output = reply.text
        return reply.text
