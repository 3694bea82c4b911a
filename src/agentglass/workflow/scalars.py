"""Words of a workflow file to values: text, numbers, true, false, null, and nothing else.

YAML 1.1 takes some words for something else than they look like (`no`, `010`, `1:30`). They are
refused here, in either direction a reader may have meant them.
"""

import math
import re
from typing import Any, NamedTuple

__all__ = ["Scalar", "read_scalar"]

_MAX_DIGITS = 300
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_OLD_BOOLEANS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_OLD_BOOLEAN = re.compile(r"yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF")
_OLD_NUMBER = re.compile(
    r"[-+]?(?:0[0-9_]+|0b[01_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9]+(?:_[0-9_]*)+"
    r"|[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?|[0-9]+\.|\.[0-9]+|\.(?:inf|Inf|INF))"
    r"|\.(?:nan|NaN|NAN)"
)


class Scalar(NamedTuple):
    """A value, and what is wrong with the way it is written."""

    value: Any
    code: str = ""
    message: str = ""


def read_scalar(text: str, *, plain: bool) -> Scalar:
    """Read one word or text.

    Args:
        text: Without quotes, escapes resolved.
        plain: Whether it stood in the file without quotes.
    """
    if any("\ud800" <= character <= "\udfff" for character in text):
        return Scalar("", "surrogate", "The text holds half of a surrogate pair.")
    if not plain:
        return Scalar(text)
    if text in _WORDS:
        return Scalar(_WORDS[text])
    if _OLD_BOOLEAN.fullmatch(text):
        word = _OLD_BOOLEANS[text.lower()]
        message = f'YAML 1.1 reads {text!r} as {word}. Write {word}, or "{text}" for the text.'
        return Scalar(text, "yaml-boolean", message)
    if _OLD_NUMBER.fullmatch(text):
        message = (
            f"YAML 1.1 reads {text!r} as a number in a special notation. "
            f'Write a plain decimal number, or "{text}" for the text.'
        )
        return Scalar(text, "yaml-number", message)
    return _read_number(text)


def _read_number(text: str) -> Scalar:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return Scalar(text)
    if len(text) > _MAX_DIGITS:
        message = f"A number of {len(text)} characters is too long; put it in quotes."
        return Scalar(text, "number", message)
    if not match["fraction"] and not match["exponent"]:
        return Scalar(int(text))
    number = float(text)
    if math.isinf(number):
        return Scalar(text, "number", f"The number {text!r} is too large; put it in quotes.")
    return Scalar(number)
