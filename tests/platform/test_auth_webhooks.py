"""Webhook senders: what proves them, and that nothing else ever comes out than our one error."""

import base64
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from libs.common.platform.auth.webhooks import TOLERANCE, WebhookRefusedError, WebhookVerifier, same_secret

CURRENT = "whsec_" + base64.b64encode(b"c" * 24).decode()
PREVIOUS = "whsec_" + base64.b64encode(b"p" * 32).decode()
BODY = '{"имя": "Иван"}'.encode()
VERIFIER = WebhookVerifier([SecretStr(CURRENT), SecretStr(PREVIOUS)])


def signed(secret: str = CURRENT, *, age: float = 0, body: bytes = BODY) -> dict[str, str]:
    stamp = int(time.time() - age)
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(stamp, UTC), body.decode())
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(stamp), "Webhook-Signature": signature}


@pytest.mark.parametrize(("secret", "number"), [(CURRENT, 0), (PREVIOUS, 1)])
def test_either_secret_of_a_rotation_is_good_and_named(secret: str, number: int) -> None:
    assert VERIFIER.verify(BODY, signed(secret)) == number


@pytest.mark.parametrize("junk", ["v1", "v1,a,b", "", " ", "v1,не", "v2,xx", "v1a,xx", "v1,@@@"])
def test_a_good_signature_is_found_among_malformed_ones(junk: str) -> None:
    headers = signed()
    headers["Webhook-Signature"] = f"{junk}  {headers['Webhook-Signature']} {junk}"
    assert VERIFIER.verify(BODY, headers) == 0


@pytest.mark.parametrize("age", [TOLERANCE + 5, -TOLERANCE - 5])
def test_a_delivery_out_of_its_time_is_refused(age: float) -> None:
    with pytest.raises(WebhookRefusedError):
        VERIFIER.verify(BODY, signed(age=age))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Webhook-Id", ""),
        ("Webhook-Id", "msg_2"),
        ("Webhook-Id", "x" * 300),
        ("Webhook-Timestamp", ""),
        ("Webhook-Timestamp", "nan"),
        ("Webhook-Timestamp", "1e9"),
        ("Webhook-Timestamp", "٣"),
        ("Webhook-Timestamp", "9" * 40),
        ("Webhook-Signature", ""),
        ("Webhook-Signature", "v1,не base64"),
    ],
)
def test_a_changed_header_is_refused(name: str, value: str) -> None:
    with pytest.raises(WebhookRefusedError):
        VERIFIER.verify(BODY, {**signed(), name: value})


def test_a_changed_body_is_refused() -> None:
    with pytest.raises(WebhookRefusedError):
        VERIFIER.verify(BODY + b" ", signed())


def test_a_body_that_is_not_text_is_refused() -> None:
    with pytest.raises(WebhookRefusedError):
        VERIFIER.verify(b"\xff\xfe", signed())


def test_another_senders_secret_is_refused() -> None:
    stranger = "whsec_" + base64.b64encode(b"s" * 24).decode()
    with pytest.raises(WebhookRefusedError):
        VERIFIER.verify(BODY, signed(stranger))


@given(st.binary(), st.dictionaries(st.sampled_from(sorted(signed())), st.text()))
def test_nothing_but_our_error_ever_comes_out(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(WebhookRefusedError):
        VERIFIER.verify(body + b"!", {**signed(), **headers})


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "not base64!", "whsec_ключ"])
def test_a_bad_secret_is_our_own_fault_at_start(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook secret"):
        WebhookVerifier([SecretStr(secret)])


@given(st.text(st.characters()), st.text())
def test_tokens_are_equal_only_to_themselves(given_token: str, expected: str) -> None:
    assert same_secret(given_token, expected) is (given_token == expected)
    assert same_secret(expected.encode("utf-8", "surrogatepass"), expected)


def test_an_absent_token_is_never_equal() -> None:
    assert not same_secret(None, "")
