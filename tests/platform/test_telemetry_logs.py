"""A canary test: personal data is planted in every way we know, and no line may show it."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import asyncpg
import pydantic
import pytest
import sqlalchemy.exc
import structlog

from libs.common.platform.telemetry.context import bound, new_trace, use_trace
from libs.common.platform.telemetry.logs import configure_logging, get_logger
from libs.common.platform.telemetry.masking import mask

CANARIES = ("9161234567", "916 123-45-67", "123-45-67", "kanareika", "hunter2", "eyJhbGci", "Канарейкин")
PHONE, EMAIL, NAME = "+79161234567", "kanareika@mail.ru", "Канарейкин hunter2"
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.sig"


@dataclass
class Person:
    phone: str = PHONE

    def __str__(self) -> str:
        return f"Person {self.phone} {EMAIL}"


class Form(pydantic.BaseModel):
    age: int
    phone: str = pydantic.Field(max_length=3)


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """Configure logging for one test and put everything back."""
    root, excepthook, before = logging.getLogger(), sys.excepthook, structlog.get_config()
    handlers, level, stream = root.handlers[:], root.level, io.StringIO()
    configure_logging("intake", "DEBUG", stream)
    yield stream
    root.handlers[:], sys.excepthook = handlers, excepthook
    root.setLevel(level)
    structlog.configure(**before)


def lines(output: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def postgres_error(detail: str) -> asyncpg.UniqueViolationError:
    error = asyncpg.UniqueViolationError("duplicate key")
    error.detail = detail
    return error


def pydantic_error() -> pydantic.ValidationError:
    with pytest.raises(pydantic.ValidationError) as caught:
        Form.model_validate({"age": NAME, "phone": PHONE})
    return caught.value


def sqlalchemy_error() -> sqlalchemy.exc.DBAPIError:
    return sqlalchemy.exc.DBAPIError("select", {"name": "Канарейкин"}, ValueError(EMAIL))


TEXTS = [
    f"call {PHONE} now",
    "call 8 (916) 123-45-67",
    "call +7-916-123-45-67,",
    "tel:79161234567",
    "lead-79161234567 and id_79161234567",
    "phone%2B79161234567",
    f"to <{EMAIL}>",
    "a=kanareika%40mail.ru&b=1",
    f"Authorization: Bearer {TOKEN}",
    f"got {TOKEN}",
    "GET /intake/v1/hooks/hunter2?x=1",
    "POST /notifications/v1/hooks/wazzup/hunter2 failed",
    "GET /x?token=hunter2&key=hunter2",
    "postgresql://dozvon:hunter2@db/x",
    "password=hunter2",
    '{"api_key": "hunter2", "webhook_secret":"hunter2"}',
    "whsec_hunter2hunter2hunter2",
    "DETAIL:  Key (desk, name)=(demo, Канарейкин (мл.)) already exists.",
    "DETAIL:  Failing row contains (1, Канарейкин, null).",
    "invalid input for query argument $1: 'Канарейкин' (expected int)",
    'invalid input syntax for type uuid: "Канарейкин"',
    "[SQL: select] [parameters: ('Канарейкин', 1)]",
    "[{'type': 'x', 'input': 'Канарейкин'}]",
    'DETAIL:  Token "Канарейкин" is invalid.',
    "CONTEXT:  JSON data, line 1: Канарейкин...",
]


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_shows_a_canary(text: str) -> None:
    assert not [canary for canary in CANARIES if canary in mask(text)]


@pytest.mark.parametrize("text", [text for text in TEXTS if "Канарейкин" in text])
def test_no_line_end_in_a_value_shows_a_canary(text: str) -> None:
    broken = text.replace("Канарейкин", "first\nКанарейкин") + "\nHINT:  ask"
    assert "Канарейкин" not in mask(broken)
    assert mask(broken).endswith("\nHINT:  ask")


@pytest.mark.parametrize("number", range(12))
def test_no_way_of_logging_shows_a_canary(output: io.StringIO, number: int) -> None:
    plant(number)
    assert output.getvalue().count("\n") >= 1
    assert not [canary for canary in CANARIES if canary in output.getvalue()]


def plant(number: int) -> None:
    """Log a canary in one of the ways a careless hand would."""
    std, ours = logging.getLogger("libs.deep.child"), get_logger("ours")
    ways: list[Callable[[], object]] = [
        lambda: std.warning(f"to {PHONE}"),
        lambda: std.warning("to %s and %s", PHONE, EMAIL),
        lambda: std.warning("x", extra={"phone": PHONE, "note": EMAIL, "person": Person()}),
        lambda: std.warning("x %s", Person()),
        lambda: std.error("x", exc_info=ValueError(f"bad {PHONE}")),
        lambda: std.error("x", exc_info=postgres_error(f"Key (phone)=({PHONE}) already exists.")),
        lambda: std.error("x", exc_info=pydantic_error()),
        lambda: std.error(
            "x", exc_info=sqlalchemy.exc.DBAPIError("select", {"name": "Канарейкин"}, ValueError(EMAIL))
        ),
        lambda: ours.info("x", deep={"a": [{"email": EMAIL, "b": (PHONE, 79161234567)}]}, name="Канарейкин"),
        lambda: ours.error(f"x {PHONE}", exc_info=ExceptionGroup("g", [ValueError(EMAIL), pydantic_error()])),
        lambda: ours.info("x", errors=pydantic_error().errors(), body=b"Canary", text="Канарейкин"),
        lambda: sys.excepthook(ValueError, ValueError(PHONE), None),
    ]
    ways[number]()


KEPT = [
    "0190b3a4-5678-7000-8000-012345678901",
    "01903512-1234-4567-8901-234567890123",
    "2026-11-24T03:33:09.123456+00:00",
    "2026-11-24 03:33:09",
    "192.168.100.101:5432",
    "0af7651916cd43dd8448eb211c80319c",
    "order 1042 of 743.00",
    "partition 3 offset 12345678",
    "task_already_taken",
]


@pytest.mark.parametrize("text", KEPT)
def test_what_helps_is_kept(text: str) -> None:
    assert mask(text) == text


def test_every_line_carries_service_trace_and_lead(output: io.StringIO) -> None:
    trace = new_trace()
    with use_trace(trace), bound(lead_id="lead-1", service="tasks"):
        get_logger("a").info("ours")
        logging.getLogger("b").info("theirs")
    found = [(line["service"], line["trace_id"], line["span_id"], line["lead_id"]) for line in lines(output)]
    assert found == [("tasks", trace.trace_id, trace.span_id, "lead-1")] * 2


def test_both_kinds_of_loggers_write_the_same_shape(output: io.StringIO) -> None:
    get_logger("one").warning("hello", count=3)
    logging.getLogger("two").warning("hello", extra={"count": 3})
    ours, theirs = lines(output)
    assert (ours.keys(), ours["level"], ours["count"]) == (theirs.keys(), theirs["level"], theirs["count"])


def test_levels_are_kept(output: io.StringIO) -> None:
    configure_logging("intake", "WARNING", output)
    get_logger("a").info("no")
    logging.getLogger("b").info("no")
    assert output.getvalue() == ""


@pytest.mark.parametrize("value", ["\ud800", float("nan"), object(), {1: {2: 3}}, b"\xff"])
def test_no_value_costs_a_line(output: io.StringIO, value: object) -> None:
    get_logger("a").info("x\ud800", value=value)
    logging.getLogger("b").info("x", extra={"value": value})
    assert len(lines(output)) == 2


def test_arguments_that_do_not_fit_cost_no_line(output: io.StringIO) -> None:
    record = logging.makeLogRecord({"name": "b", "msg": "only %s", "args": ("a", "b")})
    logging.getLogger().handlers[0].handle(record)
    assert len(lines(output)) == 1
