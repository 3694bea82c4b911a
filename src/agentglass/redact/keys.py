"""Names whose values are secret, judged by whole words.

`apiKey`, `API_KEY`, `x-api-key` and `apikey` are one name; `tokens_in` and `tokenizer` are none.
"""

import re
from collections.abc import Callable, Iterable
from enum import IntEnum

__all__ = ["Secrecy", "key_judge"]


class Secrecy(IntEnum):
    """What a name says about the value under it."""

    OPEN = 0
    TEXT = 1
    """Texts and containers are secret, numbers are counts: `password_length`, `api_tokens`."""
    ALL = 2


_SECRET_PHRASES = (
    "password", "passwd", "pwd", "passphrase", "passcode", "secret", "api key",
    "access key", "secret key", "private key", "signing key", "encryption key", "master key",
    "account key", "subscription key", "ssh key", "client secret", "authorization", "cookie",
    "credential", "connection string", "conn str", "jwt", "bearer",
    "access token", "refresh token", "id token", "auth token", "oauth token", "session token",
    "security token", "api token", "bearer token", "csrf token", "xsrf token",
)  # fmt: skip
_PII_PHRASES = ("ssn", "social security", "card number", "credit card", "cvv", "cvc")

# A bare `token` at the end of a name is secret, but for positions, limits and vocabulary.
_TOKEN = re.compile(r"(?:.*_)?token")
_NO_SECRET_TOKEN = re.compile(
    r"(?:.*_)?(?:first|last|next|per|max|min|bos|eos|pad|unk|sep|cls|mask|stop|special)_token"
)
_WHOLE_NAMES = frozenset({"token", "auth"})
# What follows the secret word says that the value only describes or locates the secret.
_DESCRIPTION = re.compile(r".*_(?:url|uri|endpoint|type|name|env|file|path|policy|enabled)")

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GAP = re.compile(r"[\W_]+")


def key_judge(*, secrets: bool, pii: bool, extra: Iterable[str] = ()) -> Callable[[str], Secrecy]:
    """Return a function that judges a name.

    Args:
        secrets: Whether to know the names of secrets.
        pii: Whether to know the names of personal numbers.
        extra: More names, each one or several whole words in any spelling.
    """
    names = [*(_SECRET_PHRASES if secrets else ()), *(_PII_PHRASES if pii else ()), *extra]
    phrases = sorted(filter(None, map(_words, names)))
    if not phrases:
        return lambda _: Secrecy.OPEN
    spellings = "|".join(re.escape(phrase).replace("_", "_?") for phrase in phrases)
    somewhere = re.compile(rf"(?:^|_)(?:{spellings})s?(?=_|$)")
    at_the_end = re.compile(rf"(?:^|_)(?:{spellings})$")

    def judge(name: str) -> Secrecy:
        words = _words(name)
        if at_the_end.search(words):
            return Secrecy.ALL
        if somewhere.search(words):
            return Secrecy.OPEN if _DESCRIPTION.fullmatch(words) else Secrecy.TEXT
        return _judge_token(words) if secrets else Secrecy.OPEN

    return judge


def _words(name: str) -> str:
    return _GAP.sub("_", _HUMP.sub("_", name)).strip("_").lower()


def _judge_token(words: str) -> Secrecy:
    if words in _WHOLE_NAMES:
        return Secrecy.ALL
    if _TOKEN.fullmatch(words) and not _NO_SECRET_TOKEN.fullmatch(words):
        return Secrecy.TEXT
    return Secrecy.OPEN
