"""What an instrumentor hides of the spans that it makes, on top of the global policy."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from agentglass.redact import DEFAULT_REPLACEMENT, RedactionPolicy, Redactor
from agentglass.redact.keys import Secrecy, key_judge

__all__ = ["RedactionConfig"]


@dataclass(frozen=True)
class RedactionConfig:
    """Which content of captured calls is hidden.

    E-mail addresses, card and social-security numbers are hidden here without asking; secrets are
    hidden everywhere, whatever this says.
    """

    redact_inputs: bool = False
    """Keep no input at all."""
    redact_outputs: bool = False
    """Keep no output at all."""
    patterns: Iterable[str | re.Pattern[str]] | None = None
    """More regular expressions; the whole match is replaced."""
    field_names: Iterable[str] = field(default_factory=tuple)
    """More names whose values are hidden: whole words, in any spelling."""
    replacement: str = DEFAULT_REPLACEMENT
    enabled: bool = True
    """False leaves it to the global policy."""

    @classmethod
    def default(cls) -> "RedactionConfig":
        """Return what applies where none is given."""
        return cls()

    @cached_property
    def policy(self) -> RedactionPolicy:
        """The policy that travels with the spans.

        Raises:
            OptionError: A pattern is not a regular expression.
        """
        return RedactionPolicy(
            pii=self.enabled,
            key_names=frozenset(self.field_names),
            patterns=tuple(self.patterns or ()),
            replacement=self.replacement,
            capture_inputs=not self.redact_inputs,
            capture_outputs=not self.redact_outputs,
            enabled=self.enabled,
        )

    def redact(self, text: str) -> str:
        """Return a text as it would be kept."""
        kept = Redactor(self.policy).redact_value(text)
        return str(kept)

    def should_redact_field(self, name: str) -> bool:
        """Tell whether text under that name is hidden: `api_key` is, `tokens_in` is not."""
        judge = key_judge(secrets=True, pii=self.enabled, extra=self.field_names)
        return judge(name) is not Secrecy.OPEN
