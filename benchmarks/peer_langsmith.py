"""The same call by the LangSmith client."""

import os
from contextlib import AbstractContextManager
from pathlib import Path

import langsmith

from benchmarks.payloads import ATTRIBUTES, USAGE

__all__ = ["LangsmithCaller"]

_USAGE = {
    "input_tokens": USAGE.input_tokens,
    "output_tokens": USAGE.output_tokens,
    "total_tokens": (USAGE.input_tokens or 0) + (USAGE.output_tokens or 0),
}


class LangsmithCaller:
    """Records runs; threads of the client send them in batches."""

    version = f"langsmith {langsmith.__version__}"

    def __init__(self, url: str, home: Path) -> None:
        os.environ["LANGSMITH_TRACING"] = "true"
        self._client = langsmith.Client(api_url=url, api_key="bench")

    def trace(self) -> AbstractContextManager[object]:
        """Open a root."""
        return langsmith.trace("run", client=self._client)

    def call(self, given: str, answer: str) -> None:
        """Record one model call."""
        with langsmith.trace(
            "chat gpt-5-mini",
            run_type="llm",
            inputs={"messages": given},
            metadata=ATTRIBUTES,
            client=self._client,
        ) as run:
            run.end(outputs={"content": answer, "usage_metadata": _USAGE})

    def flush(self) -> None:
        """Send what waits."""
        self._client.flush()

    def close(self) -> None:
        """Send what waits."""
        self._client.flush()
