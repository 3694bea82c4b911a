"""Redaction and truncation: what leaves a span before anything is stored or sent."""

from agentglass.redact.limits import MARKER, Limits, cut_text
from agentglass.redact.plain import to_plain
from agentglass.redact.policy import DEFAULT_REPLACEMENT, RedactionPolicy
from agentglass.redact.processor import FAILED, Redactor
from agentglass.redact.texts import clean_id
from agentglass.redact.view import attribute_view
from agentglass.redact.walk import CUT, bound, normalise

__all__ = [
    "CUT",
    "DEFAULT_REPLACEMENT",
    "FAILED",
    "MARKER",
    "Limits",
    "RedactionPolicy",
    "Redactor",
    "attribute_view",
    "bound",
    "clean_id",
    "cut_text",
    "normalise",
    "to_plain",
]
