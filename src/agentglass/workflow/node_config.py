"""What may be said of a node; node types add their own keys."""

from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from agentglass.workflow.policies import Cache, Idempotency, OnError, OnErrorConfig, Retry
from agentglass.workflow.sections import ConditionText, Section

__all__ = ["NodeConfig", "TemplateText"]


class TemplateText(NamedTuple):
    """A setting of a node that names values."""

    path: tuple[str | int, ...]
    """Below the node."""
    value: Any
    """A text, or lists and mappings of texts."""
    names: tuple[str, ...] = ()
    """What it can name besides the state."""


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
    when: ConditionText | None = None
    """The node is passed over where it does not hold."""
    retry: Retry | None = None
    """How often it is tried; each attempt is a span. A number alone is `attempts`."""
    timeout: float | None = Field(default=None, gt=0)
    """Seconds that one attempt may take."""
    idle_timeout: float | None = Field(default=None, gt=0)
    """Seconds that may pass without a sign of life: an answer of a model or tool, a finished item."""
    on_error: OnError = Field(default_factory=OnErrorConfig)
    """`fail`, `continue`, or the node that takes over when it has failed for good."""
    cache: Cache = None
    """Use a result again that was got for the same values; `true`, a key, or both settings."""
    idempotency: Idempotency = None
    """Do the work once, also when the run goes on in another process; `true`, a key, or both
    settings."""

    @property
    def display_name(self) -> str:
        """How the node's span is called."""
        return self.title or self.id

    def written_fields(self) -> tuple[str, ...]:
        """Return the state fields that the node writes."""
        return tuple(self.outputs)

    def state_writes(self) -> tuple[str, ...]:
        """Return every state field that the node may write, after a failure too."""
        into = self.on_error.into
        return self.written_fields() if into is None else (*self.written_fields(), into)

    def templates(self) -> Iterator[TemplateText]:
        """Yield what holds templates, with the names that they can use besides the state."""
        yield TemplateText(("inputs",), self.inputs)
        for key in ("attributes", *self.template_keys):
            yield TemplateText((key,), getattr(self, key), tuple(self.inputs))
        for policy in ("cache", "idempotency"):
            own = getattr(self, policy)
            if own is not None and own.key is not None:
                yield TemplateText((policy, "key"), own.key, tuple(self.inputs))

    def conditions(self) -> Iterator[TemplateText]:
        """Yield the conditions, with the names that they can use besides the state."""
        if self.when is not None:
            yield TemplateText(("when",), self.when)
