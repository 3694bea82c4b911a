"""The same call by MLflow: to a tracking server from threads or from the caller, or to SQLite."""

import os
from contextlib import AbstractContextManager
from pathlib import Path

import mlflow  # type: ignore[import-not-found]
from mlflow.entities import SpanType  # type: ignore[import-not-found]
from mlflow.tracing.constant import SpanAttributeKey  # type: ignore[import-not-found]

from benchmarks.payloads import ATTRIBUTES, USAGE

__all__ = ["MlflowCaller"]

_ATTRIBUTES = ATTRIBUTES | {
    SpanAttributeKey.CHAT_USAGE: {
        "input_tokens": USAGE.input_tokens,
        "output_tokens": USAGE.output_tokens,
        "total_tokens": (USAGE.input_tokens or 0) + (USAGE.output_tokens or 0),
    }
}


class MlflowCaller:
    """Records spans with the fluent interface.

    Args:
        url: The tracking server.
        home: Where the SQLite file is.
        is_async: Whether threads send.
        sends: Whether there is a server; otherwise spans go into the SQLite file.
    """

    version = f"mlflow {mlflow.__version__}"

    def __init__(self, url: str, home: Path, *, is_async: bool = True, sends: bool = True) -> None:
        os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = str(is_async).lower()
        mlflow.set_tracking_uri(url if sends else f"sqlite:///{home / 'mlflow.db'}")

    def trace(self) -> AbstractContextManager[object]:
        """Open a root."""
        root: AbstractContextManager[object] = mlflow.start_span("run")
        return root

    def call(self, given: str, answer: str) -> None:
        """Record one model call."""
        with mlflow.start_span("chat gpt-5-mini", span_type=SpanType.CHAT_MODEL) as span:
            span.set_inputs(given)
            span.set_attributes(_ATTRIBUTES)
            span.set_outputs(answer)

    def flush(self) -> None:
        """Wait for the threads."""
        mlflow.flush_trace_async_logging()

    def close(self) -> None:
        """Wait for the threads and stop them."""
        mlflow.flush_trace_async_logging(terminate=True)
