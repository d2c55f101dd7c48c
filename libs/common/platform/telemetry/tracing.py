"""Traces from the webhook through Kafka to the provider call: one OpenTelemetry provider per service.

Never the global provider: four services may live in one process. Without an endpoint no span is recorded,
but trace ids are still made and passed on, so that logs and events of one lead can be joined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    format_span_id,
    format_trace_id,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.util.types import AttributeValue

from libs.common.platform.telemetry.context import Trace, current_trace, new_trace, parse_traceparent, use_trace
from libs.common.platform.telemetry.masking import mask

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

Attributes = Mapping[str, AttributeValue]


class Span:
    """A running span, or only its ids when nothing is recorded."""

    __slots__ = ("_recorded", "trace")

    def __init__(self, trace: Trace, recorded: OtelSpan | None = None) -> None:
        self.trace = trace
        self._recorded = recorded

    @property
    def traceparent(self) -> str:
        """Return the `traceparent` for the next process."""
        return self.trace.traceparent

    def rename(self, name: str) -> None:
        """Name the span when its name is known only at the end (a route template)."""
        if self._recorded is not None:
            self._recorded.update_name(name)

    def set(self, key: str, value: AttributeValue) -> None:
        """Set an attribute; text is masked."""
        if self._recorded is not None:
            self._recorded.set_attribute(key, mask(value) if isinstance(value, str) else value)

    def fail(self, reason: str) -> None:
        """Mark the span as failed; the reason is masked."""
        if self._recorded is not None:
            self._recorded.set_status(Status(StatusCode.ERROR, mask(reason)))

    def end(self) -> None:
        """End the span; the exporter sends it."""
        if self._recorded is not None:
            self._recorded.end()


class Tracing:
    """The tracer of one service. `endpoint` is the full URL of an OTLP/HTTP traces receiver, or None."""

    def __init__(self, service: str, endpoint: str | None = None, *, exporter: SpanExporter | None = None) -> None:
        self.service = service
        self._provider: TracerProvider | None = None
        if endpoint or exporter:
            self._provider = _provider(service, exporter or _sender(endpoint))
            self._tracer = self._provider.get_tracer("dozvon")

    def open(self, parent: Trace | None, name: str, kind: SpanKind, attributes: Attributes | None = None) -> Span:
        """Start a span under `parent`, or a new trace; the caller ends it and makes it current."""
        if self._provider is None:
            return Span(parent.child() if parent else new_trace())
        context = set_span_in_context(NonRecordingSpan(_otel(parent))) if parent else None
        span = self._tracer.start_span(name, context, kind, attributes)
        made = span.get_span_context()
        ids = format_trace_id(made.trace_id), format_span_id(made.span_id)
        return Span(Trace(*ids, made.trace_flags.sampled), span)

    @contextmanager
    def span(
        self,
        traceparent: str | None,
        name: str,
        attributes: Attributes | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> Iterator[Span]:
        """Run the block in a span under `traceparent`, else under the current span, else in a new trace."""
        span = self.open(parse_traceparent(traceparent) or current_trace(), name, kind, attributes)
        with use_trace(span.trace):
            try:
                yield span
            except BaseException as error:
                span.fail(type(error).__name__)
                raise
            finally:
                span.end()

    def activate(self) -> None:
        """Make this the tracer of `start_span_from` in the running task and those it starts."""
        _tracing.set(self)

    def shutdown(self) -> None:
        """Send what is left and stop (blocks up to the exporter's time-out of 5 s)."""
        if self._provider is not None:
            self._provider.shutdown()


# Loaded where there is an endpoint: 5 MB.
def _provider(service: str, exporter: SpanExporter) -> TracerProvider:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _sender(endpoint: str | None) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=endpoint, timeout=5)


_tracing: ContextVar[Tracing] = ContextVar("tracing", default=Tracing("dozvon"))  # noqa: B039 - without an endpoint it has no state


def start_span_from(
    traceparent: str | None,
    name: str,
    attributes: Attributes | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
) -> AbstractContextManager[Span]:
    """Return a block that runs in a span of the service at work (see `Tracing.span`, `Tracing.activate`)."""
    return _tracing.get().span(traceparent, name, attributes, kind)


def current_traceparent() -> str:
    """Return the `traceparent` of the running work; one of a new trace when there is none."""
    return (current_trace() or new_trace()).traceparent


def _otel(trace: Trace) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if trace.sampled else TraceFlags.DEFAULT)
    return SpanContext(int(trace.trace_id, 16), int(trace.span_id, 16), is_remote=True, trace_flags=flags)
