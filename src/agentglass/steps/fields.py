"""What the models of a trace have in common: tolerant readers, and writers without empty fields."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["Instant", "Metadata", "Model", "optional"]


class Model(BaseModel):
    """Ignores fields that it does not know, which later versions may add."""

    model_config = ConfigDict(extra="ignore", ser_json_inf_nan="strings", allow_inf_nan=False)


def optional(description: str, **limits: Any) -> Any:
    """Return a field that may be left out, and is left out of JSON where it is None.

    A field that is required and None is written: a tool that returned nothing has `"result": null`.
    """
    return Field(default=None, exclude_if=_is_none, description=description, **limits)


def _is_none(value: object) -> bool:
    return value is None


def _to_utc(value: datetime) -> datetime:
    """Return the same instant in UTC; a time without a zone is taken as UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_to_utc)]
"""A time in UTC; in JSON ISO 8601 with up to microseconds."""

Metadata = dict[str, Any]
"""Anything else that is known, as JSON."""
