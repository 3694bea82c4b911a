"""What is redacted: the policy that a user or an instrumentor sets."""

import re
from dataclasses import dataclass

from agentglass.errors import OptionError

__all__ = ["DEFAULT_REPLACEMENT", "RedactionPolicy"]

DEFAULT_REPLACEMENT = "[REDACTED]"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionPolicy:
    """Which content is hidden. Two policies combine with `|`: what either hides is hidden."""

    secrets: bool = True
    """Passwords, API keys, tokens, private keys, connection strings."""
    pii: bool = False
    """E-mail addresses, card numbers, social-security numbers."""
    key_names: frozenset[str] = frozenset()
    """More names whose values are secret: whole words, in any spelling."""
    patterns: tuple[str | re.Pattern[str], ...] = ()
    """More regular expressions; the whole match is replaced."""
    replacement: str = DEFAULT_REPLACEMENT
    capture_inputs: bool = True
    """False keeps no input at all, also where `enabled` is False."""
    capture_outputs: bool = True
    enabled: bool = True
    """False switches every rule off; limits still hold."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key_names", frozenset(self.key_names))
        object.__setattr__(self, "patterns", tuple(map(_checked_pattern, self.patterns)))
        if not self.replacement:
            raise OptionError("The replacement is empty. It must be a text, as in '[REDACTED]'.")

    def __or__(self, other: "RedactionPolicy") -> "RedactionPolicy":
        """Combine: a rule of either holds, and what either does not capture is not captured."""
        active = [policy for policy in (self, other) if policy.enabled]
        words = [policy.replacement for policy in active]
        own_words = [word for word in words if word != DEFAULT_REPLACEMENT]
        return RedactionPolicy(
            secrets=any(policy.secrets for policy in active),
            pii=any(policy.pii for policy in active),
            key_names=frozenset().union(*(policy.key_names for policy in active)),
            patterns=tuple(dict.fromkeys(item for policy in active for item in policy.patterns)),
            replacement=own_words[-1] if own_words else DEFAULT_REPLACEMENT,
            capture_inputs=self.capture_inputs and other.capture_inputs,
            capture_outputs=self.capture_outputs and other.capture_outputs,
            enabled=bool(active),
        )


def _checked_pattern(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, TypeError) as error:
        raise OptionError(f"The redaction pattern {pattern!r} cannot be used: {error}.") from error
