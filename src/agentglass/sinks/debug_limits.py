"""The five limits of the debug file, and how a value is cut to them."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from agentglass.errors import OptionError

__all__ = ["SUFFIX", "DebugLimits", "cut"]

SUFFIX = "... [truncated]"


@dataclass(frozen=True, slots=True)
class DebugLimits:
    """How much the debug file keeps, in characters (pflow's trace format 1.2.0)."""

    prompt: int = 50_000
    response: int = 20_000
    store_string: int = 10_000
    store_dict: int = 50_000
    llm_calls: int = 100
    """How many model calls the store of a node lists: the latest ones."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "DebugLimits":
        """Read AGENTGLASS_TRACE_PROMPT_MAX and so on; pflow's PFLOW_TRACE_* names work too.

        Raises:
            OptionError: A variable is not a whole number.
        """
        env = os.environ if environ is None else environ
        found = {field.name: _read(env, _ENV[field.name]) for field in fields(cls)}
        return cls(**{name: value for name, value in found.items() if value is not None})

    def store_value(self, value: Any) -> Any:
        """Cut one value of a node's store."""
        if isinstance(value, str):
            return cut(value, self.store_string)
        if isinstance(value, dict):
            return self._store_mapping(value)
        if isinstance(value, list):
            return [self.store_value(item) for item in value]
        return value

    def _store_mapping(self, value: dict[str, Any]) -> dict[str, Any]:
        kept = {key: self.store_value(item) for key, item in value.items()}
        if _size(kept) <= self.store_dict:
            return kept
        room = self.store_dict
        fitting: dict[str, Any] = {}
        for key, item in kept.items():
            room -= _size({key: item})
            if room < 0:
                break
            fitting[key] = item
        fitting[SUFFIX] = f"{len(kept) - len(fitting)} of {len(kept)} entries left out"
        return fitting


_ENV = {
    "prompt": "TRACE_PROMPT_MAX",
    "response": "TRACE_RESPONSE_MAX",
    "store_string": "TRACE_STORE_MAX",
    "store_dict": "TRACE_DICT_MAX",
    "llm_calls": "TRACE_LLM_CALLS_MAX",
}


def cut(text: str, limit: int) -> str:
    """Cut a text and say so at its end."""
    return text if len(text) <= limit else text[:limit] + SUFFIX


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False))


def _read(env: Mapping[str, str], name: str) -> int | None:
    for variable in (f"AGENTGLASS_{name}", f"PFLOW_{name}"):
        text = env.get(variable)
        if text is None:
            continue
        if not text.isdecimal():
            raise OptionError(f"{variable} is {text!r}. Expected a whole number of characters.")
        return int(text)
    return None
