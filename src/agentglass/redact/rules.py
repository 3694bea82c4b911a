"""The shapes of secrets and of personal data in texts: data, gated so that clean text costs little.

A rule looks at a text only when one of its literals is in it. Every pattern is linear: a repeat is
bounded, or possessive and not entered again from the middle of its own run. Possessive are repeats
of one character only; with groups Python before 3.11.5 gets them wrong (cpython#106052).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from agentglass.redact import verdicts

__all__ = ["PII_RULES", "SECRET_RULES", "Rule"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One shape of content to hide."""

    name: str
    """What the counters call it."""
    shape: str | re.Pattern[str]
    """A regular expression."""
    flags: int = 0
    gates: tuple[str, ...] = ("",)
    """Literals; one of them must be in the text. The empty one is in every text."""
    any_case: bool = False
    """Whether the gates are lower case and looked for in the text's lower-case form."""
    at_gates: bool = True
    """Whether every match starts with a gate: the pattern is then tried there only."""
    replace: Callable[[re.Match[str], str], str] = verdicts.whole
    """(match, replacement) -> what stands in the place of the match."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The shape, compiled on first use: all of them together would be felt at import."""
        return re.compile(self.shape, self.flags)

    def sub(self, text: str, replacement: str) -> tuple[str, int]:
        """Return the text without what the rule hides, and how often it found something."""
        parts: list[str] = []
        end = count = 0
        for match in self._matches(text):
            found = self.replace(match, replacement)
            if found != match[0]:
                parts += (text[end : match.start()], found)
                end = match.end()
                count += 1
        return "".join((*parts, text[end:])), count

    def _matches(self, text: str) -> Iterator[re.Match[str]]:
        source = text.lower() if self.any_case else text
        if not self.at_gates or len(source) != len(text):
            yield from self.pattern.finditer(text)
            return
        end = 0
        for start in sorted(_positions(source, self.gates)):
            if start >= end and (match := self.pattern.match(text, start)):
                end = match.end()
                yield match


def _positions(text: str, literals: Iterable[str]) -> Iterator[int]:
    for literal in literals:
        at = text.find(literal)
        while at >= 0:
            yield at
            at = text.find(literal, at + 1)


_WORDS = (
    r"passwords?|passwd|pwd|passphrase|passcode|secrets?|api[ _-]?key|credentials?|token|"
    r"(?:access|secret|private|account|signing|encryption|master|subscription)[_-]?key|"
    r"connection[ _-]?string"
)
_WORD_GATES = (
    "password", "passwd", "pwd", "passphrase", "passcode", "secret", "token", "credential",
    *(f"{word}{gap}key"
      for word in ("api", "access", "private", "account", "signing", "encryption", "master",
                   "subscription")
      for gap in ("", "_", "-")),
    "api key", "connectionstring", "connection_string", "connection-string", "connection string",
)  # fmt: skip

# A value ends at a space, or at a separator that something else follows; quotes decide if there
# are any. The last group that matched is the value.
_VALUE = r"""(?:
    (?P<open>\\{1,8}["']) (?P<inner>(?:[^\\\r\n]++|(?!(?<!\\)(?P=open))\\)+)
  | "(?P<double>(?:[^"\\\r\n]++|\\.)+)
  | '(?P<single>(?:[^'\\\r\n]++|\\.)+)
  | (?![\[{(]) (?P<bare>(?:
        [^\s"'\\;,&<]++ | [;,&](?![ ]?[\w.-]{1,40}[ ]?=) | ["'](?=\w) | \\(?![nrt"'\\]) | <(?!/)
    )+)
)"""
_FLAGS = re.VERBOSE | re.IGNORECASE

# A shape starts where a word does; in JSON within JSON and in URLs that is behind an escape too.
_ESCAPED = r"(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2})"
_START = rf"(?:(?<![A-Za-z0-9])|{_ESCAPED})"
_NOT_AN_ESCAPE = r"(?<!\\u.)(?<!\\u..)(?<!\\u.{3})(?<!\\u.{4})"

_PROVIDER_KEYS = (
    _START
    + r"""(?:
        sk-[\w-]{16,}+                                      # OpenAI, Anthropic, OpenRouter, DeepSeek
      | AIza[\w-]{30,}+ | ya29\.[\w.-]{20,}+                # Google
      | gh[opsur]_[A-Za-z0-9]{20,}+ | github_pat_\w{20,}+   # GitHub
      | glpat-[\w-]{16,}+                                   # GitLab
      | xox[abeoprs]-[\w-]{10,}+ | xapp-[\w-]{16,}+         # Slack
      | A[KS]IA[A-Z0-9]{16,}+                               # AWS
      | hf_[A-Za-z0-9]{16,}+ | r8_[A-Za-z0-9]{20,}+         # Hugging Face, Replicate
      | gsk_[A-Za-z0-9]{20,}+ | xai-[A-Za-z0-9]{20,}+       # Groq, xAI
      | pplx-[A-Za-z0-9]{20,}+ | tvly-[\w-]{16,}+           # Perplexity, Tavily
      | lsv2_\w{20,}+                                       # LangSmith
      | npm_[A-Za-z0-9]{20,}+ | pypi-[\w-]{20,}+ | dckr_pat_[\w-]{16,}+
      | [rs]k_(?:live|test)_[A-Za-z0-9]{10,}+ | whsec_\w{16,}+   # Stripe
      | SG\.[\w-]{16,}+\.[\w-]{16,}+                        # SendGrid
    )"""
)
_PROVIDER_GATES = (
    "sk-", "AIza", "ya29.", "gho_", "ghp_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "xox",
    "xapp-", "AKIA", "ASIA", "hf_", "r8_", "gsk_", "xai-", "pplx-", "tvly-", "lsv2_", "npm_",
    "pypi-", "dckr_pat_", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", "SG.",
)  # fmt: skip

SECRET_RULES: tuple[Rule, ...] = (
    Rule(
        name="private_key",
        gates=("-----BEGIN ",),
        # Without an end it was cut: everything up to the next line of dashes is the key.
        shape=(
            r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:[^-]++|-(?!----))*(?:-----END [A-Z0-9 ]{0,60}-----)?"
        ),
    ),
    Rule(
        name="header",
        gates=("authorization", "cookie"),
        any_case=True,
        shape=(
            r"""(?:authorization|cookie)\\{0,8}["']?[ \t]{0,16}[:=][ \t]{0,16}\[?"""
            r"""(?:\\{0,8}["'])?(?P<line>[^"'\\\r\n]++)"""
        ),
        flags=re.IGNORECASE,
        replace=verdicts.value,
    ),
    Rule(
        name="assignment",
        gates=_WORD_GATES,
        any_case=True,
        shape=(
            rf"""(?P<word>{_WORDS})
            \\{{0,8}}["']?\]? [ \t]{{0,16}} (?: => | [:=]{{1,2}}+(?!>) ) [ \t]{{0,16}} {_VALUE}"""
        ),
        flags=_FLAGS,
        replace=verdicts.assigned,
    ),
    Rule(
        name="option",
        gates=("--",),
        shape=rf"--(?<!---)(?=[a-z])[\w-]{{0,32}}?(?:{_WORDS}) [ \t]{{1,16}} (?!-){_VALUE}",
        flags=_FLAGS,
        replace=verdicts.value,
    ),
    Rule(
        name="url_password",
        gates=("://",),
        # A password may hold a slash; a number before a slash is a port.
        shape=(
            r"""://[^\s:/@?\#\["'<>]{0,256}:(?P<password>
                [^\s/?\#"'<>]{1,512}(?=@) | (?!\d{1,5}[/?\#])[^\s@"'<>]{1,512}(?=@)
            )"""
        ),
        flags=re.VERBOSE,
        replace=verdicts.value,
    ),
    Rule(
        name="url_query",
        gates=("?", "&"),
        shape=(
            r"""[?&](?:key|auth|code|sig|(?:x-\w{1,8}-)?signature|x-amz-security-token)="""
            r"""(?P<query>[^&\s#"'<>\\]{6,}+)"""
        ),
        flags=re.IGNORECASE,
        replace=verdicts.value,
    ),
    Rule(
        name="bearer",
        gates=("bearer",),
        any_case=True,
        shape=_START + r"(?P<scheme>bearer)[ \t]{1,16}(?P<credential>[\w.~+/=-]{6,}+)",
        flags=re.IGNORECASE,
        replace=verdicts.bearer,
    ),
    Rule(
        name="basic",
        gates=("basic ",),
        any_case=True,
        shape=_START + r"basic[ \t]{1,16}(?P<credential>[a-z0-9+/_-]{6,}+={0,2})",
        flags=re.IGNORECASE | re.ASCII,
        replace=verdicts.basic,
    ),
    Rule(
        name="provider_key",
        gates=_PROVIDER_GATES,
        shape=_PROVIDER_KEYS,
        flags=re.VERBOSE | re.ASCII,
    ),
    Rule(
        name="jwt",
        gates=("eyJ",),
        shape=_START + r"eyJ[\w-]{8,1024}+\.[\w-]{4,}+(?:\.[\w-]*+){0,3}",
        flags=re.ASCII,
    ),
)
"""Always on. The order is that of application: what names its secret comes before bare shapes."""

PII_RULES: tuple[Rule, ...] = (
    Rule(
        name="email",
        at_gates=False,
        gates=("@",),
        shape=rf"(?:(?<![\w.%+\\-])|{_ESCAPED})[\w.%+-]++@[\w-]++(?:\.[\w-]++)+",
    ),
    Rule(
        name="ssn",
        gates=tuple("0123456789"),
        at_gates=False,
        shape=(
            rf"[0-9]{_NOT_AN_ESCAPE}[0-9]{{2}}(?:(?<![0-9]{{4}})|(?<=\\u.{{4}}[0-9]{{3}}))"
            r"(?<!000)(?<!666)(?<!9[0-9]{2})"
            r"-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![0-9])"
        ),
    ),
    Rule(
        name="card",
        gates=tuple("0123456789"),
        at_gates=False,
        shape=rf"[0-9]{_NOT_AN_ESCAPE}(?:[ -]?[0-9]){{12,}}",
        replace=verdicts.card,
    ),
)
"""On where an instrumentor or `redact_pii` asks for them."""
