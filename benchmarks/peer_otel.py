"""The same span by the OpenTelemetry SDK: batch processor, an exporter that throws away."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from opentelemetry.sdk import version
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from benchmarks.payloads import ATTRIBUTES, USAGE

__all__ = ["PEER", "OtelCaller", "OtelPeer"]

PEER = f"opentelemetry-sdk {version.__version__}"


class _NullExporter(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take the spans and do nothing."""
        return SpanExportResult.SUCCESS


class OtelCaller:
    """Makes spans below one root, as a program that is instrumented with OpenTelemetry does.

    Args:
        exporter: Takes what the batch processor hands over; None throws it away.
    """

    version = PEER

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        self._provider = TracerProvider(shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter or _NullExporter()))
        self._tracer = self._provider.get_tracer("benchmarks")

    def trace(self) -> AbstractContextManager[object]:
        """Open a root."""
        return self._tracer.start_as_current_span("run")

    def call(self, given: Any, answer: str) -> None:
        """Record one model call; OTel's attributes hold contents as JSON text."""
        text = given if isinstance(given, str) else json.dumps(given)
        with self._tracer.start_as_current_span("chat gpt-5-mini") as span:
            span.set_attribute("gen_ai.input.messages", text)
            span.set_attributes(ATTRIBUTES)
            span.set_attribute("gen_ai.output.messages", answer)
            span.set_attribute("gen_ai.usage.input_tokens", USAGE.input_tokens or 0)
            span.set_attribute("gen_ai.usage.output_tokens", USAGE.output_tokens or 0)

    def flush(self) -> None:
        """Empty the processor's queue of 2 048 spans."""
        self._provider.force_flush()

    def close(self) -> None:
        """Stop the processor's thread."""
        self._provider.shutdown()


class OtelPeer(OtelCaller):
    """The same, opened as the other peers are."""

    def __init__(self, url: str, home: Path) -> None:
        super().__init__()
