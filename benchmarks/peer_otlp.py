"""The OpenTelemetry SDK with the exporter that sends OTLP over HTTP."""

from pathlib import Path

from opentelemetry.exporter.otlp.proto.http import Compression  # type: ignore[import-not-found]
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # type: ignore[import-not-found]
    OTLPSpanExporter,
)

from benchmarks.peer_otel import PEER, OtelCaller

__all__ = ["OtlpCaller"]


class OtlpCaller(OtelCaller):
    """Sends gzip, as everybody else here does."""

    version = f"{PEER}, OTLP"

    def __init__(self, url: str, home: Path) -> None:
        super().__init__(OTLPSpanExporter(f"{url}/v1/traces", compression=Compression.Gzip))
