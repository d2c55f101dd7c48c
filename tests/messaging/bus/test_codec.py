"""CloudEvents on Kafka: ours against the `cloudevents` library, and what is refused."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import asyncpg
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event, to_binary_event
from cloudevents.core.v1.event import CloudEvent

from libs.common.messaging.bus.codec import Encoder, MalformedEventError, headers_of, read_envelope
from libs.common.messaging.bus.ports import Message, Record
from libs.common.platform.ids import uuid7

ID, CHAIN, CAUSE = uuid7(), uuid7(), uuid7()
TIME = datetime(2026, 3, 2, 9, 15, 27, 120000, tzinfo=UTC)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ROW = {
    "event_id": ID,
    "type": "dozvon.lead.received.v1",
    "key": "lead:1",
    "sequence": 7,
    "desk": "demo",
    "time": TIME,
    "correlation_id": CHAIN,
    "causation_id": CAUSE,
    "traceparent": TRACE,
    "body": '{"имя":"Анна"}'.encode(),
}


def message(**changes: object) -> Message:
    return Encoder("intake").message(cast("asyncpg.Record", {**ROW, **changes}))


def headers(**changes: bytes | None) -> dict[str, bytes]:
    found = {**dict(message().headers), **{name.replace("__", "-"): value for name, value in changes.items()}}
    return {name: value for name, value in found.items() if value is not None}


def test_the_library_reads_our_messages() -> None:
    ours = message()
    event = from_kafka_event(KafkaMessage(dict(ours.headers), ours.key, ours.value))
    assert (event.get_id(), event.get_type(), event.get_source()) == (str(ID), ROW["type"], "/dozvon/intake")


def test_the_library_finds_our_extensions_time_and_data() -> None:
    ours = message()
    event = from_kafka_event(KafkaMessage(dict(ours.headers), ours.key, ours.value))
    found = [event.get_extension(name) for name in ("sequence", "causationid", "correlationid", "desk")]
    assert found == ["7", str(CAUSE), str(CHAIN), "demo"]
    assert (event.get_time(), event.get_subject(), event.get_data()) == (TIME, "lead:1", {"имя": "Анна"})


def test_we_read_the_librarys_messages() -> None:
    attributes = {
        "id": str(ID), "source": "/dozvon/intake", "type": "dozvon.lead.received.v1", "specversion": "1.0",
        "subject": "lead:1", "time": TIME, "datacontenttype": "application/json", "sequence": "7", "desk": "demo",
        "correlationid": str(CHAIN), "causationid": str(CAUSE),
    }  # fmt: skip
    theirs = to_binary_event(CloudEvent(attributes, {"a": 1}))
    envelope = read_envelope(dict(theirs.headers))
    assert (envelope.event_id, envelope.key, envelope.sequence, envelope.desk) == (ID, "lead:1", 7, "demo")
    assert (envelope.time, envelope.cause.correlation_id, envelope.cause.causation_id) == (TIME, CHAIN, CAUSE)


def test_what_we_write_we_read_back() -> None:
    envelope = read_envelope(dict(message().headers))
    assert (envelope.event_id, envelope.type, envelope.key) == (ID, "dozvon.lead.received.v1", "lead:1")
    assert (envelope.cause.causation_id, envelope.cause.traceparent) == (CAUSE, TRACE)


def test_what_has_no_cause_and_no_trace_has_no_such_headers() -> None:
    names = {name for name, _ in message(causation_id=None, traceparent=None).headers}
    assert names.isdisjoint({"ce_causationid", "traceparent"})


def test_a_time_of_another_zone_becomes_utc() -> None:
    envelope = read_envelope(headers(ce_time=b"2026-03-02T12:15:27.12+03:00"))
    assert (envelope.time, envelope.time.tzinfo) == (TIME, UTC)


@pytest.mark.parametrize(
    "fault",
    [
        {"ce_specversion": b"0.3"}, {"ce_id": None}, {"ce_id": b"not-a-uuid"}, {"ce_id": b"\xff"},
        {"ce_id": b"00000000-0000-4000-8000-000000000000"}, {"ce_id": b"ffffffff-ffff-7fff-8000-000000000000"},
        {"ce_source": None}, {"ce_subject": b""}, {"ce_subject": b"lead:\x00"}, {"ce_time": b"yesterday"},
        {"ce_time": b"2026-03-02T12:00:00"}, {"ce_sequence": b"-1"}, {"ce_sequence": b"0"}, {"ce_sequence": b""},
        {"ce_sequence": b"9" * 40}, {"ce_correlationid": b"x"}, {"ce_desk": None},
        {"content__type": b"application/cloudevents+json"}, {"content__type": None}, {"content__type": b"text/xml"},
    ],
    ids=str,
)  # fmt: skip
def test_a_malformed_envelope_is_named_and_its_value_is_not_shown(fault: dict[str, bytes | None]) -> None:
    with pytest.raises(MalformedEventError, match=r"^(ce_|content-type)[\w ]+") as caught:
        read_envelope(headers(**fault))
    assert "yesterday" not in str(caught.value)


def test_a_charset_beside_the_content_type_is_fine() -> None:
    assert read_envelope(headers(content__type=b"Application/JSON; charset=utf-8")).event_id == ID


def test_of_a_repeated_header_the_last_counts() -> None:
    record = SimpleNamespace(headers=[("a", b"1"), ("a", b"2")])
    assert headers_of(cast("Record", record)) == {"a": b"2"}


def test_ids_are_uuid7() -> None:
    assert UUID(str(ID)).version == 7
