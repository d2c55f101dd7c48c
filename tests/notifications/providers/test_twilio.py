"""Twilio's own package signs and verifies against our adapter; the published vectors hold."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.contracts.shared import MessageProgress
from services.notifications.providers.twilio import Twilio
from services.notifications.providers.values import Outbound, Raw, Remember
from tests.notifications.providers.samples import HERE, channel

TOKEN = "twilio-token-invented"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
VECTORS = {"+14158675309": "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "+12349013030": "0/KCTR6DLpKmkAf8muzZqo1nDgQ="}
FORMS = st.dictionaries(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), st.text(max_size=30), max_size=6
)
OUT = Outbound("key", "key", "+79000000001", "Заказ", callback_url="https://hooks.example.com/h")


def twilio(**changes: object) -> Twilio:
    adapter = channel("twilio", **changes)
    assert isinstance(adapter, Twilio)
    return adapter


def posted(url: str, form: Mapping[str, str], signature: str) -> Raw:
    return Raw("POST", url, {}, {"x-twilio-signature": signature}, urlencode(form).encode())


@pytest.mark.parametrize(("caller", "signature"), VECTORS.items())
def test_the_published_vectors_hold(caller: str, signature: str) -> None:
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "To": "+18005551212",
        "Caller": caller,
        "From": caller,
    }
    assert twilio(auth_token="12345").verify(posted(URL, form, signature))


@given(form=FORMS)
def test_what_their_package_signs_is_authentic(form: dict[str, str]) -> None:
    signature = RequestValidator(TOKEN).compute_signature(HERE, form)
    assert twilio().verify(posted(HERE, form, signature))


@given(form=FORMS.filter(bool), other=st.text(max_size=10))
def test_what_was_signed_with_another_token_or_changed_is_not(form: dict[str, str], other: str) -> None:
    name = next(iter(form))
    signature = RequestValidator(TOKEN).compute_signature(HERE, form)
    assert not twilio(auth_token="other").verify(posted(HERE, form, signature))
    changed = {**form, name: f"{form[name]}{other}x"}
    assert not twilio().verify(posted(HERE, changed, signature))


@pytest.mark.parametrize(
    "url", ["https://h.example/x?m=1", "https://h.example:443/x?m=1", "http://h.example:8080/x"]
)
def test_a_signature_counts_with_and_without_the_usual_port(url: str) -> None:
    signed = {RequestValidator(TOKEN).compute_signature(one, {}) for one in (url, url.replace(":443", ""))}
    assert all(twilio().verify(posted(url, {}, signature)) for signature in signed)


def test_a_body_of_json_is_signed_by_its_digest() -> None:
    body, validator = b'{"property": "value"}', RequestValidator(TOKEN)
    digest = hashlib.sha256(body).hexdigest()
    url = f"https://mycompany.com/myapp.php?bodySHA256={digest}"
    raw = Raw(
        "POST", url, {"bodySHA256": digest}, {"x-twilio-signature": validator.compute_signature(url, {})}, body
    )
    assert twilio().verify(raw)
    assert not twilio().verify(Raw("POST", url, raw.query, raw.headers, body + b" "))


def test_a_message_of_a_service_names_the_service() -> None:
    request = twilio(sender="MG00000000000000000000000000000001").request(OUT)
    assert isinstance(request, HttpRequest)
    assert b"MessagingServiceSid=MG0" in request.body
    assert b"From=" not in request.body


def listed(*bodies: str, at: str = "Mon, 02 Mar 2026 09:14:00 +0000") -> Reply:
    messages = [{"sid": f"SM{n}", "body": body, "date_created": at} for n, body in enumerate(bodies)]
    return Reply(200, {}, orjson.dumps({"messages": messages}))


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (listed("Другой", "Заказ"), "SM1"),
        (listed("Другой"), None),
        (listed("Заказ", "Заказ"), None),
        (listed("Заказ", at="Sun, 01 Mar 2026 09:14:00 +0000"), None),
        (listed(), None),
        (Reply(500), None),
    ],
)
def test_a_lost_answer_is_found_in_the_list_by_its_text_if_it_is_the_only_one(
    reply: Reply, found: str | None
) -> None:
    message = Outbound("k", "k", "+79000000001", "Заказ", offered_at=datetime(2026, 3, 2, 9, 14, 30, tzinfo=UTC))
    request = twilio().look_up(message)
    assert request is not None
    assert request.url.endswith("Messages.json?To=%2B79000000001&DateSent%3E=2026-03-02&PageSize=100")
    assert twilio().found(reply, message) == found


@pytest.mark.parametrize(
    ("word", "progress"),
    [
        ("queued", None),
        ("sending", None),
        ("sent", MessageProgress.SENT),
        ("read", MessageProgress.READ),
        ("undelivered", MessageProgress.FAILED),
        ("canceled", MessageProgress.FAILED),
    ],
)
def test_a_status_moves_a_message_or_not(word: str, progress: MessageProgress | None) -> None:
    body = urlencode({"MessageSid": "SM1", "MessageStatus": word}).encode()
    (report,) = twilio().read(Raw("POST", HERE, {"m": "our-key"}, {}, body)).reports
    assert (report.progress, report.reference) == (progress, "our-key")


@pytest.mark.parametrize(
    ("text", "remember"),
    [("STOP", Remember.OPTED_OUT), (" stop ", Remember.OPTED_OUT), ("Start", Remember.OPTED_IN), ("stop it", None)],
)
def test_a_word_that_opts_out_is_known(text: str, remember: Remember | None) -> None:
    body = urlencode({"MessageSid": "SM1", "SmsStatus": "received", "Body": text, "From": "+79000000001"}).encode()
    (report,) = twilio().read(Raw("POST", HERE, {}, {}, body)).reports
    assert report.remember is remember
