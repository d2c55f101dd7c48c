"""A receiver of traces as an OpenTelemetry collector is one: OTLP over HTTP, spans kept in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from libs.common.platform.serving import serve


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """One span; ids are lower-case hex."""

    service: str
    name: str
    trace_id: str
    parent_id: str


@dataclass
class TraceReceiver:
    """What was received until now."""

    port: int
    spans: list[ReceivedSpan] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        """Return the URL for `OTLP_ENDPOINT`."""
        return f"http://127.0.0.1:{self.port}/v1/traces"

    def of_trace(self, trace_id: str) -> list[ReceivedSpan]:
        return [span for span in self.spans if span.trace_id == trace_id]

    async def take(self, request: Request) -> Response:
        """Keep the spans of one export."""
        export = ExportTraceServiceRequest.FromString(await request.body())
        for resource in export.resource_spans:
            names = {item.key: item.value.string_value for item in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    ids = span.trace_id.hex(), span.parent_span_id.hex()
                    self.spans.append(ReceivedSpan(names["service.name"], span.name, *ids))
        body = ExportTraceServiceResponse().SerializeToString()
        return Response(body, media_type="application/x-protobuf")


@asynccontextmanager
async def trace_receiver(port: int) -> AsyncIterator[TraceReceiver]:
    """Receive traces while the block runs."""
    receiver = TraceReceiver(port)
    app = Starlette(routes=[Route("/v1/traces", receiver.take, methods=["POST"])])
    stop = asyncio.Event()
    server = asyncio.create_task(serve(app, "127.0.0.1", port, stop, lifespan="off"))
    try:
        yield receiver
    finally:
        stop.set()
        await server
