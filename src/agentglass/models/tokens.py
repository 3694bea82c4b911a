"""The tokenizer of the built-in models: words and punctuation marks."""

import re
from collections.abc import Iterable

from agentglass.models.port import Message
from agentglass.spans import Usage

__all__ = ["TOKENIZER", "count_tokens", "count_usage", "cut_tokens"]

TOKENIZER = "agentglass-words-1"
"""Each run of letters and digits is one token, each other mark is one, white space is none;
scripts without spaces between words count one token per character. A figure of this tokenizer is
exact, and comparable with other figures of this tokenizer only."""

_CJK = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+|[^\w\s]")


def count_tokens(text: str) -> int:
    """Return the number of tokens of a text."""
    return sum(1 for _ in _TOKEN.finditer(text))


def cut_tokens(text: str, limit: int) -> str:
    """Return the longest beginning of the text that has at most `limit` tokens."""
    for index, token in enumerate(_TOKEN.finditer(text)):
        if index == limit:
            return text[: token.start()].rstrip()
    return text


def count_usage(messages: Iterable[Message], answer: str, **raw: str) -> Usage:
    """Count one call with this tokenizer, and say so in `raw`."""
    return Usage(
        input_tokens=sum(count_tokens(message.content) for message in messages),
        output_tokens=count_tokens(answer),
        raw={"tokenizer": TOKENIZER, **raw},
    )
