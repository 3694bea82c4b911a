"""Handing work to an agent or a team: one span that contains all that comes of it."""

from collections.abc import Mapping
from contextvars import ContextVar
from functools import partial
from typing import Annotated, Any, Literal

from agentglass.errors import NodeError
from agentglass.models.port import Message
from agentglass.record import span
from agentglass.spans import SpanType, names
from agentglass.workflow.agent_config import AgentSettings, TeamConfig
from agentglass.workflow.agents.loop import Agent
from agentglass.workflow.agents.team import TeamAnswer, consult_team
from agentglass.workflow.agents.toolbox import Toolbox, load_tools
from agentglass.workflow.asking import Asker
from agentglass.workflow.config import ExecutionConfig
from agentglass.workflow.library import Library
from agentglass.workflow.node_types import Visit
from agentglass.workflow.templates import as_text
from agentglass.workflow.tools import WorkflowTool, read_signature

__all__ = ["MAX_DEPTH", "Delegation", "make_agent"]

MAX_DEPTH = 6
"""How deep delegations may nest; agents that consult each other would never end."""

MAX_DELEGATIONS = 100
"""How many there may be in one visit of a node; each agent on the way could ask again and again."""

_PREVIEW = 500
_depth: ContextVar[int] = ContextVar("agentglass_delegations", default=0)


class Delegation:
    """Hands work to the agents and teams of a workflow.

    Args:
        library: Where they are declared.
        execution: The limits of the run.
    """

    def __init__(self, library: Library, execution: ExecutionConfig) -> None:
        self._library = library
        self._execution = execution

    async def consult(
        self,
        visit: Visit,
        query: str,
        *,
        from_agent: str,
        to: str,
        specialists: list[str] | None = None,
    ) -> TeamAnswer:
        """Let an agent or a team work on a question.

        Args:
            visit: The visit of the node on whose behalf.
            query: The question.
            from_agent: Who asks: an agent, or a node.
            to: The name of the agent or team.
            specialists: Which agents of a team are to work; None lets the team choose.

        Raises:
            NodeError: Agents consult each other too deep or too often, or a specialist is no agent
                of the team.
        """
        depth = _depth.get() + 1
        if depth > MAX_DEPTH:
            raise NodeError(from_agent, f"agents consult each other more than {MAX_DEPTH} deep.")
        if visit.delegations >= MAX_DELEGATIONS:
            raise NodeError(
                from_agent, f"agents have consulted each other {MAX_DELEGATIONS} times in one node."
            )
        visit.delegations += 1
        attributes = {
            names.DELEGATION_FROM: from_agent,
            names.DELEGATION_TO: to,
            names.DELEGATION_PREVIEW: query[:_PREVIEW],
        }
        token = _depth.set(depth)
        try:
            with span(
                f"delegation.{to}", type=SpanType.DELEGATION, input=query, attributes=attributes
            ) as handed:
                answer = await self._answer(visit, query, to, specialists)
                handed.output = answer.to_dict()
                return answer
        finally:
            _depth.reset(token)

    async def _answer(
        self, visit: Visit, query: str, to: str, specialists: list[str] | None
    ) -> TeamAnswer:
        team = self._library.teams.get(to)
        if team is None:
            value = await self._work(visit, to, query)
            return TeamAnswer(as_text(value), {to: value}, (to,))
        asker = Asker(self._library.llm_for(team.synthesis.llm), self._execution, to)
        work = partial(self._work, visit)
        return await consult_team(to, team, query, specialists, work, asker, visit)

    async def _work(self, visit: Visit, name: str, query: str) -> Any:
        config = self._library.agents[name]
        agent = make_agent(name, config, self._library, self._execution, system=config.system)
        attributes = {names.OPERATION: "invoke_agent", names.AGENT_NAME: name}
        with span(name, type=SpanType.AGENT, input=query, attributes=attributes) as s:
            answer = await agent.work(visit, (Message("user", query),))
            s.output = answer.value
            return answer.value

    def tool(self, to: str, from_agent: str, visit: Visit) -> WorkflowTool:
        """Return the tool `consult_<to>` that an agent's model is offered."""
        team = self._library.teams.get(to)
        described = team or self._library.agents[to]
        description = described.description or f"Ask {to.replace('_', ' ')}."

        async def consult(query: Annotated[str, "What you want to know."]) -> str:
            answer = await self.consult(visit, query, from_agent=from_agent, to=to)
            return answer.text

        function: Any = consult if team is None else self._consult_team(to, team, from_agent, visit)
        return WorkflowTool(
            f"consult_{to}",
            function,
            description,
            read_signature(function),
            timeout_s=self._execution.timeout,
        )

    def _consult_team(self, to: str, team: TeamConfig, from_agent: str, visit: Visit) -> Any:
        async def consult(query: str, specialists: list[str] | None = None) -> str:
            answer = await self.consult(
                visit, query, from_agent=from_agent, to=to, specialists=specialists
            )
            return answer.text

        members: Any = Literal[tuple(team.agents)]
        consult.__annotations__ = {
            "query": Annotated[str, "What you want to know."],
            "specialists": Annotated[
                list[members] | None, "Who is to work; none lets them choose."
            ],
            "return": str,
        }
        return consult


def make_agent(
    name: str,
    settings: AgentSettings,
    library: Library,
    execution: ExecutionConfig,
    *,
    system: str | None = None,
) -> Agent:
    """Make an agent from its settings; its functions are loaded now.

    Raises:
        CallableError: A tool's path leads to no function.
        ToolError: A function cannot be a tool.
    """
    functions = load_tools(settings, library)
    delegation = Delegation(library, execution)

    def open_toolbox(visit: Visit) -> Toolbox:
        tools: Mapping[str, WorkflowTool] = {
            **functions.tools,
            **{f"consult_{to}": delegation.tool(to, name, visit) for to in settings.delegates},
        }
        return Toolbox(tools, functions.strict)

    return Agent(
        name, settings, Asker(library.llm_for(settings.llm), execution, name), open_toolbox, system
    )
