"""A policy, made ready: redact a text, judge a key."""

import re
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from agentglass.redact.keys import Secrecy, key_judge
from agentglass.redact.limits import MARKER, SLACK, cut_text, shorten, text_size
from agentglass.redact.policy import RedactionPolicy
from agentglass.redact.rules import PII_RULES, SECRET_RULES, Rule

__all__ = ["KEY_BYTES", "Key", "TextRules", "clean_id", "clean_surrogates"]

_SHORTEST = 5
"""No built-in rule finds anything in less: `pwd=x`."""

_ROUNDS = 8
"""How often a changed text is read again; one replacement can uncover another secret."""

KEY_BYTES = 512
"""The bound of a key and of a name."""

_REMEMBERED_CHARS = 128
_REMEMBERED_TEXTS = 4096
_SURROGATE = re.compile("[\ud800-\udfff]")


class Key(NamedTuple):
    """A key of a mapping, redacted, and what it says about its value."""

    name: str
    secrecy: Secrecy
    fired: tuple[str, ...]
    """The rules that changed the name."""


class TextRules:
    """The rules of one policy."""

    def __init__(self, policy: RedactionPolicy) -> None:
        self.policy = policy
        self.replacement = policy.replacement
        self.has_pii = policy.enabled and policy.pii
        rules: list[Rule] = []
        if policy.enabled:
            rules += SECRET_RULES if policy.secrets else ()
            rules += PII_RULES if policy.pii else ()
            rules += (Rule(name="pattern", shape=item, at_gates=False) for item in policy.patterns)
        self._rules = [(rule, rule.gates, rule.any_case) for rule in rules]
        self._shortest = 1 if policy.patterns else _SHORTEST
        self._judge = key_judge(
            secrets=policy.enabled and policy.secrets,
            pii=self.has_pii,
            extra=policy.key_names if policy.enabled else (),
        )
        self._clean: set[str] = set()
        """Short texts in which nothing was found: names, models and roles come again and again."""
        self._known_key = lru_cache(maxsize=4096)(self._read_key)

    def __call__(self, text: str, fired: Counter[str]) -> str:
        """Return the text without what the rules find; `fired` counts per rule."""
        if len(text) < self._shortest:
            return text
        if text in self._clean:
            return text
        original = text
        for _ in range(_ROUNDS):
            found = self._once(text, fired)
            if found is text:
                break
            text = found
        if text is original and len(text) <= _REMEMBERED_CHARS:
            if len(self._clean) >= _REMEMBERED_TEXTS:
                self._clean.clear()
            self._clean.add(text)
        return text

    def _once(self, text: str, fired: Counter[str]) -> str:
        lower = text.lower()
        for rule, gates, any_case in self._rules:
            source = lower if any_case else text
            for gate in gates:
                if gate in source:
                    text = self._apply(rule, text, fired)
                    break
        return text

    def _apply(self, rule: Rule, text: str, fired: Counter[str]) -> str:
        # What was replaced before is not read again, so that a second pass changes nothing.
        results = [rule.sub(part, self.replacement) for part in text.split(self.replacement)]
        changed = sum(count for _, count in results)
        if not changed:
            return text
        fired[rule.name] += changed
        return self.replacement.join(part for part, _ in results)

    def key(self, key: str) -> Key:
        """Read a key of a mapping; the same few names come again and again."""
        return self._known_key(key) if len(key) <= _REMEMBERED_CHARS else self._read_key(key)

    def _read_key(self, key: str) -> Key:
        fired: Counter[str] = Counter()
        name = self(clean_surrogates(key[: KEY_BYTES + SLACK]), fired)
        if text_size(name) > KEY_BYTES or len(key) > KEY_BYTES + SLACK:
            past_edge = len(key) > KEY_BYTES + SLACK
            kept = shorten(name, KEY_BYTES, replacement=self.replacement, past_edge=past_edge)
            name = kept + MARKER
        return Key(name, self._judge(key[:KEY_BYTES]), tuple(fired.elements()))


def clean_surrogates(text: str) -> str:
    """Return the text with U+FFFD for every lone surrogate, so that it has a UTF-8 form."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def clean_id(value: object) -> str:
    """Return an id, or another short word that is looked for as a whole, as a store can keep it."""
    text = value if type(value) is str else str(value)
    if text.isascii() and len(text) <= KEY_BYTES:
        return text
    return cut_text(clean_surrogates(text), KEY_BYTES)[0]
