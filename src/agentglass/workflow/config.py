"""What a workflow file may hold, as models: one class per section, unknown keys refused."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from agentglass.workflow.field_types import FieldType, parse_type

__all__ = [
    "ConfigSection",
    "EdgeConfig",
    "ExecutionConfig",
    "FieldConfig",
    "FlowConfig",
    "LlmConfig",
    "MlflowConfig",
    "NodeConfig",
    "ObservabilityConfig",
    "OutputSchema",
    "Reducer",
    "SchemaField",
    "Section",
    "StateConfig",
    "WorkflowConfig",
]

Reducer = Literal["last", "append", "merge", "sum", "max"]
"""How a write joins the value that a state field has."""


class Section(BaseModel):
    """The base of all sections: unknown keys are refused, types are not guessed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )


class FlowConfig(Section):
    """What the workflow is."""

    name: str = Field(min_length=1, max_length=200)
    """Shown wherever a run is shown."""
    description: str | None = None
    version: str | None = None


class SchemaField(Section):
    """A member of an object."""

    type: str
    """A type, as in `list[str]`."""
    description: str | None = None
    schema_: dict[str, "SchemaMember"] = Field(default_factory=dict, alias="schema")
    """The members, where the type is `object`."""

    def field_type(self) -> FieldType:
        """Return the type that is meant.

        Raises:
            TypeTextError: The text names no type.
        """
        members = {name: member.field_type() for name, member in self.schema_.items()}
        return replace(parse_type(self.type, members), description=self.description)


def _expand_type(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


SchemaMember = Annotated[
    SchemaField,
    BeforeValidator(_expand_type, json_schema_input_type=str | SchemaField),
]
"""A member as a mapping, or its type alone."""


class FieldConfig(SchemaField):
    """A field of the state."""

    required: bool = False
    """Whether a run must be given a value; excludes `default`."""
    default: Any = None
    reducer: Reducer = "last"
    """How a node's write joins the value that is there."""


StateMember = Annotated[
    FieldConfig,
    BeforeValidator(_expand_type, json_schema_input_type=str | FieldConfig),
]


class StateConfig(Section):
    """What the nodes share."""

    fields: dict[str, "StateMember"] = Field(default_factory=dict)
    """Name -> field, or its type alone."""


class LlmConfig(Section):
    """Which model answers, and how."""

    provider: str | None = None
    """As in `openai`, `local`, `fake`."""
    model: str | None = None
    """The provider's name of the model; without a provider, `provider/model`."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, gt=0)
    """Upper bound of the tokens of an answer."""
    api_base: str | None = None
    """URL of a compatible server. Keys come from the environment, never from the file."""
    timeout: float | None = Field(default=None, gt=0)
    """Seconds to wait for the server."""
    options: dict[str, Any] = Field(default_factory=dict)
    """How the provider is set up, in its own words, as in `headers` or `replies`."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """What goes with each request as it is, as in `top_p`."""


class OutputSchema(Section):
    """What an answer must look like."""

    type: str
    """A type, as in `list[str]`; `object` with fields."""
    description: str | None = None
    fields: list["OutputField"] = Field(default_factory=list)
    """The members of an object."""

    def field_type(self) -> FieldType:
        """Return the type that is meant.

        Raises:
            TypeTextError: The text names no type.
        """
        members = {item.name: item.field_type() for item in self.fields}
        return replace(parse_type(self.type, members), description=self.description)


class OutputField(SchemaField):
    """A named member of an answer."""

    name: str


class NodeConfig(Section):
    """What every node has; node types add their own keys."""

    template_keys: ClassVar[tuple[str, ...]] = ()
    """The keys of the type that hold templates, besides `inputs` and `attributes`."""

    id: str = Field(min_length=1, max_length=100)
    type: str
    title: str | None = None
    """How the node's span is called; the id where it is missing."""
    attributes: dict[str, Any] = Field(default_factory=dict)
    """Name -> template, recorded on the node's span after it has run."""
    inputs: dict[str, Any] = Field(default_factory=dict)
    """Local name -> template; in the node's templates these names win over the state."""
    outputs: list[str] = Field(default_factory=list)
    """The state fields that the node writes."""

    @property
    def display_name(self) -> str:
        """How the node's span is called."""
        return self.title or self.id

    def written_fields(self) -> tuple[str, ...]:
        """Return the state fields that the node writes."""
        return tuple(self.outputs)


class EdgeConfig(Section):
    """One step from a node to the next; START and END are the ends."""

    from_: str = Field(alias="from")
    to: str


class ExecutionConfig(Section):
    """Limits of a run."""

    timeout: float = Field(default=120, gt=0)
    """Seconds for the whole run."""
    max_retries: int = Field(default=3, ge=0, le=20)
    """How often a model call is repeated after a passing fault or an unusable answer."""


class MlflowConfig(Section):
    """Where traces go in MLflow; `enabled: true` needs a sink that this version does not have."""

    enabled: bool = False
    tracking_uri: str = "sqlite:///mlflow.db"
    experiment_name: str = "configurable_agents"
    run_name: str | None = None
    log_artifacts: bool = True
    retention_days: int | None = Field(default=None, gt=0)
    redact_pii: bool = False


class ObservabilityConfig(Section):
    """What is recorded."""

    level: Literal["off", "metrics", "trace"] | None = None
    """`--level` and AGENTGLASS_LEVEL win over it; `trace` where none of them is given."""
    redact_pii: bool = False
    """Hide e-mail addresses, card and social-security numbers in the record."""
    mlflow: MlflowConfig = Field(default_factory=MlflowConfig)


class ConfigSection(Section):
    """Settings of the whole workflow."""

    llm: LlmConfig = Field(default_factory=LlmConfig)
    """The model of nodes that name none."""
    execution: ExecutionConfig = Field(default_factory=ExecutionConfig)
    observability: ObservabilityConfig = Field(default_factory=ObservabilityConfig)


class WorkflowConfig(Section):
    """A workflow file."""

    schema_version: Literal["1.0"]
    flow: FlowConfig
    state: StateConfig = Field(default_factory=StateConfig)
    nodes: list[Mapping[str, Any]] = Field(min_length=1)
    """In the order in which they run, where there are no edges."""
    edges: list[EdgeConfig] = Field(default_factory=list)
    outputs: list[str] = Field(default_factory=list)
    """The state fields that are the result; those of the last node where it is missing."""
    config: ConfigSection = Field(default_factory=ConfigSection)
