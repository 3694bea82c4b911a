"""What may be said of any node besides its work: when it runs, how often, how long, and at most once."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from agentglass.workflow.sections import Section

__all__ = [
    "Cache",
    "CacheConfig",
    "Idempotency",
    "IdempotencyConfig",
    "OnError",
    "OnErrorConfig",
    "Retry",
    "RetryConfig",
]


class RetryConfig(Section):
    """How a node is tried again after a failure."""

    attempts: int = Field(default=3, ge=1, le=20)
    """How often it is tried in all."""
    wait: float = Field(default=1.0, ge=0, le=3600)
    """Seconds before the second attempt; a Retry-After of the server wins where it is longer."""
    backoff: float = Field(default=2.0, ge=1, le=10)
    """What each wait is multiplied by."""
    max_wait: float = Field(default=60.0, ge=0, le=3600)
    """Seconds that one wait takes at most, Retry-After included."""
    errors: list[str] = Field(default_factory=list)
    """Names of the exceptions that are worth it, as in `ConnectionError`; all where it is empty."""


class OnErrorConfig(Section):
    """What happens after a node has failed for good."""

    to: str = "fail"
    """`fail`, `continue`, or the node that takes over."""
    into: str | None = None
    """The state field that receives what failed: text, or `{node, type, message}`."""


class CacheConfig(Section):
    """A result that is used again."""

    key: str | None = None
    """A template; the values of the node's own templates where it is missing."""
    ttl: float = Field(default=3600.0, gt=0)
    """Seconds that a result is good for."""


class IdempotencyConfig(Section):
    """Work that must not be done twice."""

    key: str | None = None
    """A template, as in `{order_id}`; without it the key is this step of this run."""
    if_unknown: Literal["fail", "repeat"] = "fail"
    """What to do when a process died during the work, so that nobody knows whether it was done."""


def _expand_retry(value: Any) -> Any:
    is_short = isinstance(value, int) and not isinstance(value, bool)
    return {"attempts": value} if is_short else value


def _expand_on_error(value: Any) -> Any:
    return {"to": value} if isinstance(value, str) else value


def _expand_switch(value: Any) -> Any:
    if isinstance(value, bool):
        return {} if value else None
    return {"key": value} if isinstance(value, str) else value


Retry = Annotated[
    RetryConfig, BeforeValidator(_expand_retry, json_schema_input_type=int | RetryConfig)
]
OnError = Annotated[
    OnErrorConfig, BeforeValidator(_expand_on_error, json_schema_input_type=str | OnErrorConfig)
]
Cache = Annotated[
    CacheConfig | None,
    BeforeValidator(_expand_switch, json_schema_input_type=bool | str | CacheConfig),
]
Idempotency = Annotated[
    IdempotencyConfig | None,
    BeforeValidator(_expand_switch, json_schema_input_type=bool | str | IdempotencyConfig),
]
