"""Traces go on from header to header, with and without a receiver; metrics are each service's own."""

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from libs.common.platform.telemetry.context import new_trace, parse_traceparent, use_trace
from libs.common.platform.telemetry.metrics import new_registry, render
from libs.common.platform.telemetry.tracing import Tracing, current_traceparent, start_span_from

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        PARENT.upper(),
        "ff" + PARENT[2:],
        "00-" + "0" * 32 + PARENT[35:],
        PARENT[:36] + "0" * 16 + "-01",
        PARENT[:-1],
        PARENT + "x",
        "00-xyz",
    ],
)
def test_a_malformed_traceparent_is_none(value: str | None) -> None:
    assert parse_traceparent(value) is None


def test_a_traceparent_reads_as_written() -> None:
    trace = parse_traceparent(PARENT)
    assert trace is not None
    assert trace.traceparent == PARENT


@pytest.mark.parametrize("exporter", [None, InMemorySpanExporter()])
def test_a_span_goes_on_under_its_parent(exporter: InMemorySpanExporter | None) -> None:
    tracing = Tracing("tasks", exporter=exporter)
    with tracing.span(PARENT, "apply") as span:
        assert current_traceparent() == span.traceparent
    assert (span.trace.trace_id, span.trace.sampled) == (PARENT[3:35], True)
    assert span.trace.span_id != PARENT[36:52]
    tracing.shutdown()


def test_without_a_parent_the_current_span_is_it() -> None:
    trace = new_trace()
    with use_trace(trace), Tracing("tasks").span(None, "inner") as span:
        assert span.trace.trace_id == trace.trace_id


def test_outside_of_any_work_a_traceparent_is_made_anew() -> None:
    assert parse_traceparent(current_traceparent()) is not None


def test_recorded_spans_name_service_parent_and_failure_and_hide_people() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing("tasks", exporter=exporter)
    with pytest.raises(LookupError):
        fail_inside(tracing)
    tracing.shutdown()
    (recorded,) = exporter.get_finished_spans()
    assert recorded.resource.attributes["service.name"] == "tasks"
    assert (recorded.parent and f"{recorded.parent.span_id:016x}", recorded.status.description) == (
        PARENT[36:52],
        "LookupError",
    )
    assert dict(recorded.attributes or {}) == {"desk": "demo", "note": "call ***"}


def fail_inside(tracing: Tracing) -> None:
    with tracing.span(PARENT, "apply", {"desk": "demo"}) as span:
        span.set("note", "call +79161234567")
        raise LookupError("secret")


def test_spans_go_to_the_service_at_work() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing("tasks", exporter=exporter)
    tracing.activate()
    with start_span_from(PARENT, "apply"):
        pass
    tracing.shutdown()
    Tracing("none").activate()
    assert [span.name for span in exporter.get_finished_spans()] == ["apply"]


def test_registries_are_apart_and_show_the_process() -> None:
    first, second = new_registry(), new_registry()
    assert first is not second
    assert b"process_resident_memory_bytes" in render(first)
