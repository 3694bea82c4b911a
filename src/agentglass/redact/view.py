"""The attribute view: what MLflow and OTLP get, where attributes must stay small."""

import json
from collections.abc import Mapping
from typing import Any

from agentglass.redact.limits import MARKER, Limits, cut_text, text_digest, text_size
from agentglass.spans import names

__all__ = ["attribute_view"]


def attribute_view(attributes: Mapping[str, Any], limits: Limits | None = None) -> dict[str, Any]:
    """Return attributes with long values cut: 4 KB of stdout, 2 KB of stderr and of any other.

    A text or container that is too long becomes the beginning of its text, and an entry in
    `agentglass.truncated` tells how long it was. What fits is passed on as it is.
    """
    limits = limits or Limits()
    view: dict[str, Any] = {}
    truncated: dict[str, Any] = {}
    for name, value in attributes.items():
        limit = _limit_of(name, limits)
        text = _text_of(value)
        if name == names.TRUNCATED or text is None or text_size(text) <= limit:
            view[name] = value
            continue
        kept, _ = cut_text(text, limit)
        view[name] = kept + MARKER
        truncated[name] = {
            "original_length": len(text),
            "kept": len(kept),
            "sha256": text_digest(text),
        }
    if truncated:
        view[names.TRUNCATED] = truncated | dict(attributes.get(names.TRUNCATED) or {})
    return view


def _limit_of(name: str, limits: Limits) -> int:
    match name.rpartition(".")[2]:
        case "stdout":
            return limits.stdout_bytes
        case "stderr":
            return limits.stderr_bytes
    return limits.state_bytes


def _text_of(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return None
