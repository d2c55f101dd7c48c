"""What every adapter must do, held against the samples: requests, answers, callbacks, and any bytes at all."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear
from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.connect.transport import _headers
from libs.common.platform.sealing import DataKeys
from libs.common.platform.sealing.keys import new_key
from services.notifications.channels.convert import public_part, secret_part
from services.notifications.providers.base import Adapter
from services.notifications.providers.reading import MAX_ID
from services.notifications.providers.reference import DOCUMENT, document
from services.notifications.providers.registry import ADAPTERS, PROVIDERS
from services.notifications.providers.values import TEAM, ChannelKind, Identities, Outbound, Proof, Raw, Report
from tests.notifications.providers.samples import FOLDER, HERE, Sample, channel, samples, sent, wanted

CODES = sorted(PROVIDERS)
BY_HTTP = [code for code in CODES if ChannelKind.EMAIL not in PROVIDERS[code].channels]
BY_PHONE = [code for code in CODES if PROVIDERS[code].address(Identities("+79000000001")) not in (None, TEAM)]
SIGNED = [code for code in CODES if PROVIDERS[code].proof is Proof.SIGNATURE]
PROVED = [code for code in CODES if PROVIDERS[code].proof is not Proof.ADDRESS]
MESSAGE = Outbound("0190b6d0-0000-7000-8000-000000000001", "7:79000000001", "79000000001", "Заказ 1042 принят",
                   offered_at=datetime(2026, 3, 2, 9, 14, tzinfo=UTC))  # fmt: skip


def of(*keys: str) -> list[Sample]:
    return [one for one in samples() if any(key in one.expect for key in keys)]


def webhooks() -> list[Sample]:
    return [one for one in of("reports") if one.data["kind"] == "webhook"]


def named(cases: Sequence[Sample]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sample", cases, ids=str)


def parts(reports: Sequence[Report]) -> list[list[str | None]]:
    return [[one.kind, one.external_id, one.progress, one.code] for one in reports]


def test_every_provider_has_samples_and_every_folder_a_provider() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PROVIDERS)


def test_every_sample_says_what_it_must_be_read_as() -> None:
    known = {"accepted", "refused", "reports", "subscribed", "unused"}
    assert [str(one) for one in samples() if not known & one.expect.keys()] == []


@named([one for one in of("accepted", "refused") if "partial" not in one.data])
def test_a_request_is_the_samples(sample: Sample) -> None:
    request = channel(sample.provider).request(sample.outbound)
    assert isinstance(request, HttpRequest)
    headers = {name.lower(): value for name, value in sample.data["headers"].items()}
    ours = {name.lower(): value for name, value in request.headers.items()}
    if sample.data["headers"].get("Authorization"):
        assert ours["authorization"] == headers["authorization"]
    assert (request.method, request.url) == (sample.data["method"], sample.data["url"])


@named([one for one in of("accepted") if "partial" not in one.data])
def test_a_request_says_what_the_sample_says(sample: Sample) -> None:
    request = channel(sample.provider).request(sample.outbound)
    assert isinstance(request, HttpRequest)
    assert sent(request) == wanted(sample)


@named(of("accepted", "refused"))
def test_an_answer_is_read_as_the_sample_says(sample: Sample) -> None:
    answer = channel(sample.provider).answer(sample.reply, sample.outbound)
    match answer:
        case Accepted(external_id):
            assert external_id == sample.expect["accepted"]
        case Refused(error, code):
            assert [error, code] == sample.expect["refused"]
        case _:
            pytest.fail(f"{answer}")


@named(webhooks())
def test_a_callback_is_authentic_and_read_as_the_sample_says(sample: Sample) -> None:
    adapter = channel(sample.provider)
    reading = adapter.read(sample.raw)
    assert adapter.verify(sample.raw)
    assert parts(reading.reports) == sample.expect["reports"]
    assert list(reading.unreadable) == sample.expect.get("unreadable", [])


@named([one for one in webhooks() if "reference" in one.expect or "text" in one.expect or "address" in one.expect])
def test_a_callback_names_what_the_sample_says(sample: Sample) -> None:
    (report,) = channel(sample.provider).read(sample.raw).reports
    fields = ("reference", "text", "address", "remember")
    found = {name: getattr(report, name) for name in fields if name in sample.expect}
    assert found == {name: sample.expect[name] for name in found}


@named([one for one in webhooks() if "written" in one.expect])
def test_what_a_customer_writes_is_read_as_the_sample_says(sample: Sample) -> None:
    (report,) = channel(sample.provider).read(sample.raw).reports
    assert report.written is not None
    found = {name: getattr(report.written, name) for name in sample.expect["written"]}
    assert orjson.loads(orjson.dumps(found)) == sample.expect["written"]


@named([one for one in webhooks() if "said" not in one.expect])
def test_a_callback_hears_what_its_provider_wants(sample: Sample) -> None:
    said, wants = channel(sample.provider).said(sample.raw), sample.data["response"]
    assert (said.status, said.body.decode()) == (wants["status"], wants["text"])


@named([one for one in webhooks() if one.provider in SIGNED and one.raw.body])
def test_a_callback_that_was_changed_by_one_byte_is_no_longer_authentic(sample: Sample) -> None:
    body = sample.raw.body
    changed = body.replace(b"1", b"2", 1) if b"1" in body else body + b"x"
    assert not channel(sample.provider).verify(replace(sample.raw, body=changed))


@named([one for one in webhooks() if one.provider in PROVED and one.raw.body])
def test_a_callback_without_its_proof_is_not_authentic(sample: Sample) -> None:
    raw = replace(sample.raw, headers={}, body=re.sub(rb"&(md5|sha1|hash)=\w+", b"", sample.raw.body))
    assert not channel(sample.provider).verify(raw)


@named([one for one in of("reports") if "asks" in one.data])
def test_an_answer_about_messages_is_read_as_the_sample_says(sample: Sample) -> None:
    adapter = channel(sample.provider)
    request = adapter.ask(sample.data["asks"])
    assert request is not None
    assert request.url == sample.data["url"]
    assert sent(request) == wanted(sample)
    reports = adapter.statuses(sample.reply, sample.data["asks"])
    assert parts(reports or ()) == sample.expect["reports"]


@named(of("subscribed"))
def test_a_subscription_is_the_samples(sample: Sample) -> None:
    adapter = channel(sample.provider)
    request = adapter.subscribe(sample.data["subscribes"])
    assert request is not None
    assert (request.method, request.url) == (sample.data["method"], sample.data["url"])
    assert adapter.subscribed(sample.reply) == sample.expect["subscribed"]


# -- nasty answers ------------------------------------------------------------------------------------------------

NASTY = {
    "empty 200": Reply(200),
    "HTML 502": Reply(502, {"content-type": "text/html"}, b"<html>Bad gateway</html>"),
    "cut JSON": Reply(200, {}, b'{"messages": [{"id": "wam'),
    "too long": Reply(200, {}, b""),
    "wrong charset": Reply(200, {}, "принято".encode("cp1251")),
    "a list": Reply(200, {}, b"[]"),
    "a number": Reply(200, {}, b"1042001"),
    "null members": Reply(200, {}, b'{"messages": null, "sid": null, "id": null, "sms": null, "messageId": null}'),
    "503": Reply(503),
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("reply", NASTY.values(), ids=NASTY)
def test_an_answer_that_says_nothing_leaves_a_doubt(code: str, reply: Reply) -> None:
    assert isinstance(channel(code).answer(reply, MESSAGE), Unclear)


@pytest.mark.parametrize("code", BY_HTTP)
@pytest.mark.parametrize("status", [401, 403])
def test_an_expired_token_needs_a_person(code: str, status: int) -> None:
    answer = channel(code).answer(Reply(status, {}, b""), MESSAGE)
    assert isinstance(answer, Refused)
    assert answer.error is Class.CONFIGURATION


def as_text(value: object) -> object:
    match value:
        case dict():
            return {name: as_text(one) for name, one in value.items()}
        case list():
            return [as_text(one) for one in value]
        case bool() | None | str():
            return value
        case _:
            return str(value)


@named([one for one in of("accepted", "refused") if "json" in one.data["response"]])
def test_numbers_may_come_as_texts(sample: Sample) -> None:
    adapter, reply = channel(sample.provider), sample.reply
    loud = replace(reply, body=orjson.dumps(as_text(orjson.loads(reply.body))))
    assert adapter.answer(loud, sample.outbound) == adapter.answer(reply, sample.outbound)


# -- any bytes ----------------------------------------------------------------------------------------------------

TEXT = st.text(max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
BODIES = st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode())
PROOFS = ["x-hub-signature-256", "x-twilio-signature", "x-telegram-bot-api-secret-token", "x-max-bot-api-secret"]
HEADERS = st.dictionaries(st.sampled_from([*PROOFS, "content-type"]), TEXT)
QUERIES = st.dictionaries(
    st.sampled_from(["hub.mode", "hub.verify_token", "bodySHA256", "m", "id", "status"]), TEXT
)


@st.composite
def mutants(draw: st.DrawFn, code: str) -> bytes:
    """A body of a sample with a piece cut out, doubled or replaced."""
    bodies = [one.raw.body for one in samples(code) if one.data["kind"] == "webhook" and one.raw.body]
    body = draw(st.sampled_from(bodies or [b"{}"]))
    start, end = sorted((draw(st.integers(0, len(body))), draw(st.integers(0, len(body)))))
    middle = draw(st.sampled_from([b"", body[start:end] * 2, b"\x00", b"\xff", b"null", b'"\\u0000"', b"%00%ff"]))
    return body[:start] + middle + body[end:]


def is_storable(report: Report) -> bool:
    """Whether PostgreSQL takes it: an id that fits, no NUL, no lone surrogate (which orjson refuses)."""
    own = (
        report.external_id,
        report.word,
        report.code,
        report.reference,
        report.address,
        report.text,
        report.sender,
    )
    written = report.written and {name: getattr(report.written, name) for name in report.written.__slots__}
    texts = [*filter(None, own), *strings(orjson.loads(orjson.dumps([report.payload, written])))]
    orjson.dumps(texts)
    return 0 < len(report.external_id) <= MAX_ID and not any("\x00" in text for text in texts)


def strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, one in value.items():
                yield from (name, *strings(one))
        case list():
            for one in value:
                yield from strings(one)


@pytest.mark.parametrize("code", CODES)
@given(data=st.data(), headers=HEADERS, query=QUERIES, method=st.sampled_from(["GET", "POST", "PUT"]))
def test_any_callback_is_read_or_named_as_unreadable(
    code: str, data: st.DataObject, headers: dict[str, str], query: dict[str, str], method: str
) -> None:
    body = data.draw(BODIES | mutants(code))
    adapter, raw = channel(code), Raw(method, HERE, query, headers, body)
    reading = adapter.read(raw)
    assert all(map(is_storable, reading.reports))
    assert adapter.verify(raw) in {True, False}
    assert 200 <= adapter.said(raw).status < 300


@pytest.mark.parametrize("code", CODES)
@given(status=st.integers(100, 599), body=BODIES, headers=st.dictionaries(TEXT, TEXT, max_size=2))
def test_any_answer_is_read(code: str, status: int, body: bytes, headers: dict[str, str]) -> None:
    adapter, reply = channel(code), Reply(status, headers, body)
    answer: Answer = adapter.answer(reply, MESSAGE)
    assert isinstance(answer, Accepted | Refused | Unclear)
    assert not isinstance(answer, Accepted) or 200 <= status < 300
    assert adapter.found(reply, MESSAGE) is None or status
    reports = adapter.statuses(reply, ["7:79000000001"]) or ()
    assert all(map(is_storable, reports))
    adapter.subscribed(reply)


@pytest.mark.parametrize("code", CODES)
@given(text=TEXT)
def test_any_code_has_a_meaning_or_none(code: str, text: str) -> None:
    found = PROVIDERS[code].error(text)
    assert found is None or isinstance(found.error, Class)


@pytest.mark.parametrize("code", BY_HTTP)
@given(text=st.text(min_size=1, max_size=400))
def test_any_text_can_be_sent(code: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    request = channel(code).request(replace(MESSAGE, text=text, callback_url=HERE))
    assert isinstance(request, HttpRequest)
    _headers(request)
    assert request.url.isascii()


# -- what an adapter says of itself
# ---------------------------------------------------------------------------------


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.code)
def test_limits_are_sane(adapter: type[Adapter]) -> None:
    limits = adapter.limits
    assert 1 <= limits.rate_5s <= 10_000
    assert limits.unknown_after >= timedelta(minutes=5 if limits.reports else 1)
    assert limits.text >= 70
    assert adapter.channels
    assert adapter.home.startswith("https://")
    assert adapter.home.endswith("/")


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.code)
def test_it_says_how_sure_its_source_is(adapter: type[Adapter]) -> None:
    assert re.search(r"\((high|medium|low)\)", adapter.source)


def test_the_committed_list_is_what_the_adapters_say() -> None:
    assert DOCUMENT.read_text() == document()


def test_what_proves_nothing_says_so() -> None:
    assert [code for code in CODES if PROVIDERS[code].verify is not Adapter.verify] == PROVED


@pytest.mark.parametrize("code", BY_PHONE)
def test_a_customer_without_a_phone_has_no_address_but_where_ids_are_used(code: str) -> None:
    assert PROVIDERS[code].address(Identities()) is None
    assert PROVIDERS[code].address(Identities("8 900 000-00-01")) is None
    assert str(PROVIDERS[code].address(Identities("+79000000001"))).lstrip("+") == "79000000001"


@pytest.mark.parametrize("code", [code for code in CODES if not PROVIDERS[code].limits.reports])
def test_who_reports_nothing_is_asked_nothing(code: str) -> None:
    adapter = channel(code)
    assert not adapter.is_asked()
    assert adapter.reference("key", "79000000001") is None
    callbacks = [one.raw for one in samples(code) if one.data["kind"] == "webhook"]
    read = [report for raw in callbacks for report in adapter.read(raw).reports]
    assert not any(report.useful for report in read)


@pytest.mark.parametrize("code", CODES)
def test_secrets_are_sealed_apart_and_never_shown(code: str) -> None:
    config = channel(code).config
    secrets = secret_part(config)
    assert secrets
    assert not secrets.keys() & public_part(config).keys()
    assert not [value for value in secrets.values() if value in f"{config!r} {public_part(config)}"]
    assert DataKeys.parse(new_key("k")).first == "k"


@pytest.mark.parametrize("code", CODES)
def test_a_reference_is_always_the_same_for_a_key_and_fits(code: str) -> None:
    first, again, other = (PROVIDERS[code].reference(key, "79000000001") for key in ("a", "a", "b"))
    assert first == again
    assert first is None or (first != other and len(first) <= MAX_ID)


@pytest.mark.parametrize("code", CODES)
def test_what_can_be_asked_for_is_declared(code: str) -> None:
    adapter, asked = channel(code), [one.data["asks"] for one in samples(code) if "asks" in one.data]
    assert bool(asked) == (adapter.limits.asked_together > 0)
    assert all(adapter.ask(ids) is not None for ids in asked)


@pytest.mark.req("P.10")
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("body", [b"", b"[]", b'{"result": 7, "url": null}', b'{"result": {"file_path": ""}}'])
def test_what_names_no_file_is_not_fetched(code: str, body: bytes) -> None:
    adapter = channel(code)
    for media in ({}, {"url": "file:///etc/passwd"}, {"type": "image"}):
        assert (adapter.ask_file(media), adapter.file(media, Reply(200, {}, body))) == (None, None)
