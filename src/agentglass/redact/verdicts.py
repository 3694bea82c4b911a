"""What becomes of a match: the whole of it, its value, or nothing when it was no secret."""

import re
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator

from agentglass.redact.limits import MARKER

__all__ = ["assigned", "basic", "bearer", "card", "value", "whole"]

_CLOSING = ",;)]}."
_PUNCTUATION = " [{(\"'" + _CLOSING
_PLACEHOLDER = re.compile(
    r"[*•]+|null|none|true|false|undefined|\$\{?[a-z_][a-z0-9_]*\}?", re.IGNORECASE
)
"""Stands where a secret would, and hides nothing."""

_PROSE = frozenset(
    {
        "auth",
        "authentication",
        "authorization",
        "credential",
        "credentials",
        "format",
        "header",
        "headers",
        "realm",
        "scheme",
        "schemes",
        "security",
        "token",
        "tokens",
    }
)
_CARD_GROUPS = ((4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3))


def whole(match: re.Match[str], replacement: str) -> str:
    """Replace all of it; a pattern that matched nothing changes nothing."""
    return replacement if match[0] else ""


def value(match: re.Match[str], replacement: str) -> str:
    """Replace the last group, unless it is a placeholder."""
    found = match[match.lastindex or 0]
    kept = found.rstrip(_CLOSING)
    if not kept.strip(_PUNCTUATION) or found == MARKER or _PLACEHOLDER.fullmatch(kept):
        return match[0]
    start = match.start(match.lastindex or 0) - match.start()
    tail = found[len(kept) :] if match.lastgroup == "bare" else ""
    return match[0][:start] + replacement + tail + match[0][start + len(found) :]


def assigned(match: re.Match[str], replacement: str) -> str:
    """Replace an assigned value; a number after `max_token` is a count, after `token` it is not."""
    before = match.string[match.start() - 1 : match.start()]
    if match["word"].lower() == "token" and (before.isalnum() or before in ("_", "-", ".")):
        number = match[match.lastindex or 0].rstrip(_CLOSING)
        if number.replace(".", "", 1).isdigit():
            return match[0]
    return value(match, replacement)


def bearer(match: re.Match[str], replacement: str) -> str:
    """Replace what follows `Bearer`, unless it is prose about bearers."""
    word = match["credential"].rstrip(_CLOSING)
    in_a_sentence = match["scheme"].islower() and word.isalpha() and word.islower()
    if word.lower() in _PROSE or (in_a_sentence and len(word) < 20):
        return match[0]
    return value(match, replacement)


def basic(match: re.Match[str], replacement: str) -> str:
    """Replace what follows `Basic` when it is the base64 form of `user:password`."""
    credential = match["credential"].rstrip("=").translate({43: 45, 47: 95})
    try:
        pair = urlsafe_b64decode(credential + "=" * (-len(credential) % 4)).decode()
    except (Base64Error, UnicodeDecodeError):
        return match[0]
    return value(match, replacement) if ":" in pair and pair.isprintable() else match[0]


def card(match: re.Match[str], replacement: str) -> str:
    """Replace card numbers in a run of digits: the whole run, or groups as printed on a card."""
    run = match[0]
    if _is_card(run):
        return replacement
    parts: list[str] = []
    end = 0
    for start, stop in _card_windows(run):
        if start >= end and _is_card(run[start:stop]):
            parts += (run[end:start], replacement)
            end = stop
    return "".join((*parts, run[end:]))


def _card_windows(run: str) -> Iterator[tuple[int, int]]:
    groups = list(re.finditer(r"[0-9]+", run))
    sizes = tuple(len(group[0]) for group in groups)
    for first, group in enumerate(groups):
        if len(group[0]) >= 13:
            yield group.span()
        for shape in _CARD_GROUPS:
            if sizes[first : first + len(shape)] == shape:
                yield group.start(), groups[first + len(shape) - 1].end()


def _is_card(text: str) -> bool:
    digits = [int(char) for char in text if char.isdigit()]
    if not 13 <= len(digits) <= 19 or not 2 <= digits[0] <= 6:
        return False
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
