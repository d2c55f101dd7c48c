"""What every format keeps, seen on all of its samples."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.connect.command.rules import Accepted, Refused, Unclear
from libs.common.connect.exchange import Reply
from services.intake.contacts.rules import Said
from services.intake.deliveries.rules import Disposition
from services.intake.doctor.rules import fields_of, unread_of
from services.intake.formats.base import Answer, Format, Proof
from services.intake.formats.exchange import Dial, ExchangeFormat, Transfer
from services.intake.formats.orders import OrderFormat
from services.intake.formats.registry import ALL, CONFIGS, FORMATS
from services.intake.formats.rules import ParsedOrder, RawRequest, Reason
from tests.intake.formats.suite import MOSCOW, expected, made, samples, shown
from tests.intake.payloads import FOLDER, raw_of

SAMPLES = [name for code in FORMATS for name in samples(code)]
NOW = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
MEDIA = st.sampled_from([
    "application/json", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=cp1251",
    "", "text/plain", "x/y", ";;=",
])  # fmt: skip
NAMES = st.sampled_from([
    "id", "test", "tranid", "payment", "payment[products][0]", "cookies", "status", "price", "country", "marketing",
    "entry_id", "call_state", "entry_result", "call_direction", "timestamp", "create_time", "talk_time", "end_time",
    "from", "to", "line_number", "command_id", "call_id", "result", "recording_id",
    "recording_state", "items", "email", "orders",
    "eventType", "data", "fields",
])  # fmt: skip
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["Appeared", "1", "Крем - 2x1800 = 3600", '{"orderid": 1}', "[", "TILDAUTM=%7C", "١", "²"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["number", "extension", "orderid", "systranid", "products", "amount", "name", "fields"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
COMMAND = "0190b6d0-0000-7000-8000-000000000001"
EXCHANGES = [code for code, known in FORMATS.items() if issubclass(known, ExchangeFormat)]
formats = st.sampled_from(list(FORMATS)).map(made)
cut_samples = st.tuples(st.sampled_from(SAMPLES), st.integers(0, 2000), st.binary(max_size=4))


def proofs() -> set[str]:
    """Return the samples that carry a proof which holds at any time."""
    return {f"{code}/{name}" for code in FORMATS for name in expected(code).get("proofs", ())}


def code_of(name: str) -> str:
    return name.partition("/")[0]


def format_of(name: str) -> Format:
    return made(code_of(name))


def test_every_format_has_its_samples() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(FORMATS)
    assert all(samples(code) for code in FORMATS)


@pytest.mark.parametrize("each", ALL)
def test_a_format_is_named_by_its_configuration(each: type[Format]) -> None:
    assert each.Config.model_fields["format"].default == each.code
    assert "\n" not in str(each.__doc__).partition(".")[0]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_to_its_facts(name: str) -> None:
    facts = [shown(fact) for fact in format_of(name).read(raw_of(name))]
    assert facts == expected(code_of(name))["facts"][name.partition("/")[2]]


@pytest.mark.parametrize("name", [name for name in SAMPLES if name in proofs()])
def test_a_sample_proves_its_sender_by_its_secret_alone(name: str) -> None:
    found = format_of(name)
    other = replace(found, secrets=("whsec_" + "b3RoZXI" * 8,))
    assert found.verify(raw_of(name)) is not Proof.REFUSED
    assert other.verify(raw_of(name)) is Proof.REFUSED


@pytest.mark.parametrize("code", FORMATS)
@pytest.mark.parametrize("disposition", Disposition)
def test_a_reply_is_what_the_sender_wants_to_hear(code: str, disposition: Disposition) -> None:
    quarantined = disposition is Disposition.QUARANTINED
    lead = None if quarantined or disposition is Disposition.NOTED else UUID(int=7)
    answer = Answer(UUID(int=1), disposition, lead, None, Reason.NO_CONTACT if quarantined else None)
    reply = made(code).reply(answer)
    said = expected(code)["replies"]
    assert f"{reply.status} {reply.body.decode()}" == said.get(disposition, said.get("else"))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_retry_has_the_key_of_the_first(name: str) -> None:
    raw, found = raw_of(name), format_of(name)
    again = replace(raw, headers={**raw.headers, "date": "later", "user-agent": "other"})
    assert found.repeat_key(again) == found.repeat_key(raw)
    assert found.read(again) == found.read(raw)


@pytest.mark.parametrize("code", FORMATS)
def test_no_two_samples_have_one_key(code: str) -> None:
    keys = [made(code).repeat_key(raw_of(name)) for name in samples(code)]
    known = [key for key in keys if key is not None]
    assert len(set(known)) == len(known)


@given(formats, st.binary(max_size=300), st.binary(max_size=100), MEDIA)
def test_any_bytes_are_read_to_facts(found: Format, body: bytes, query: bytes, media: str) -> None:
    raw = RawRequest("POST", query, {"content-type": media}, body)
    assert found.read(raw)
    assert isinstance(found.verify(raw), Proof)
    assert isinstance(found.repeat_key(raw), str | None)


@given(cut_samples)
def test_a_spoiled_sample_is_read_to_facts(cut: tuple[str, int, bytes]) -> None:
    name, at, noise = cut
    raw, found = raw_of(name), format_of(name)
    spoiled = replace(raw, body=raw.body[:at] + noise + raw.body[at + len(noise) :], query=raw.query[:at] + noise)
    assert all(shown(fact) for fact in found.read(spoiled))
    assert isinstance(found.repeat_key(spoiled), str | None)


@given(formats, st.dictionaries(NAMES, VALUES, max_size=8), st.booleans())
def test_any_values_of_known_names_are_read_to_facts(found: Format, values: dict[str, object], form: bool) -> None:
    text = {
        name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in values.items()
    }
    known = {"phone": "89000000001", "json": orjson.dumps(values).decode()}
    body = urlencode({**known, **text}).encode() if form else orjson.dumps({**known, **values})
    raw = RawRequest("POST", b"", {} if form else {"content-type": "application/json"}, body)
    assert all(shown(fact) for fact in found.read(raw))
    assert isinstance(found.repeat_key(raw), str | None)


@pytest.mark.parametrize("code", FORMATS)
def test_a_configuration_holds_no_secret_and_survives_its_store(code: str) -> None:
    config = made(code).config
    assert CONFIGS.validate_python(config.model_dump(mode="json")) == config
    assert not any(re.search("secret|salt|token", name) for name in type(config).model_fields)


exchanges = st.sampled_from(EXCHANGES).map(made)


@given(exchanges, st.integers(100, 599), st.binary(max_size=200) | st.from_regex(rb'\{"result":.{0,9}\}'))
def test_any_reply_to_a_command_is_read(found: Format, status: int, body: bytes) -> None:
    assert isinstance(found, ExchangeFormat)
    answer = found.answer(Reply(status, {}, body), COMMAND)
    assert isinstance(answer, Accepted | Refused | Unclear)


@pytest.mark.parametrize("code", EXCHANGES)
@pytest.mark.parametrize("status", [200, 500, 502, 504])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"result": null}', b"\xff" * 99])
def test_an_answer_that_says_nothing_is_a_doubt_and_no_refusal(code: str, status: int, body: bytes) -> None:
    found = made(code)
    assert isinstance(found, ExchangeFormat)
    assert isinstance(found.answer(Reply(status, {}, body), COMMAND), Unclear)


@pytest.mark.parametrize("code", EXCHANGES)
def test_a_command_proves_its_sender_as_an_event_does_and_shows_no_secret(code: str) -> None:
    found = made(code)
    assert isinstance(found, ExchangeFormat)
    for request in (
        found.dial(Dial(COMMAND, "101", "+79000000001"), "https://exchange.example/"),
        found.transfer(Transfer(COMMAND, "leg", "101", "102"), "https://exchange.example/"),
    ):
        raw = RawRequest("POST", b"", dict(request.headers), request.body)
        assert found.verify(raw) is Proof.CURRENT
        assert not any(secret.encode() in request.body for secret in found.secrets)


def test_the_zone_of_a_source_is_the_formats_own() -> None:
    assert all(made(code).zone == MOSCOW for code in FORMATS)


@pytest.mark.parametrize("code", FORMATS)
def test_the_example_of_a_format_is_understood(code: str) -> None:
    [fact] = made(code).read(made(code).example(NOW))
    assert isinstance(fact, ParsedOrder | Said)
    assert (fact.phone or "").endswith("01")


@pytest.mark.parametrize("code", [code for code, known in FORMATS.items() if issubclass(known, OrderFormat)])
def test_every_field_of_an_example_is_read(code: str) -> None:
    known = made(code)
    assert isinstance(known, OrderFormat)
    assert unread_of(fields_of(known.payload(known.example(NOW))), known.known) == {}
