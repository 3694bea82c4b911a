"""The same call by the Langfuse client."""

from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from langfuse import Langfuse  # type: ignore[import-not-found]

from agentglass.spans import names
from benchmarks.payloads import ATTRIBUTES, USAGE

__all__ = ["LangfuseCaller"]


class LangfuseCaller:
    """Records generations; the client sends OTLP from a batch processor of its own."""

    version = f"langfuse {version('langfuse')}"

    def __init__(self, url: str, home: Path) -> None:
        self._client: Any = Langfuse(public_key="pk-bench", secret_key="sk-bench", base_url=url)

    def trace(self) -> AbstractContextManager[object]:
        """Open a root."""
        root: AbstractContextManager[object] = self._client.start_as_current_observation(name="run")
        return root

    def call(self, given: str, answer: str) -> None:
        """Record one model call."""
        with self._client.start_as_current_observation(
            name="chat gpt-5-mini",
            as_type="generation",
            input=given,
            model=ATTRIBUTES[names.REQUEST_MODEL],
            model_parameters={"temperature": ATTRIBUTES[names.REQUEST_TEMPERATURE]},
            metadata={
                name: ATTRIBUTES[name]
                for name in (names.OPERATION, names.PROVIDER, names.RESPONSE_ID)
            },
        ) as generation:
            generation.update(
                output=answer,
                usage_details={"input": USAGE.input_tokens, "output": USAGE.output_tokens},
            )

    def flush(self) -> None:
        """Send what waits."""
        self._client.flush()

    def close(self) -> None:
        """Send what waits and stop."""
        self._client.shutdown()
