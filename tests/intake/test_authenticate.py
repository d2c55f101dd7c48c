"""Authentication, body limit and rate limit of the webhook; an authentic request never gets an error."""

import base64
import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook
from starlette.types import Message

from libs.common.contracts.intake import OrderChanged
from services.intake.formats.landing import Landing
from services.intake.formats.rules import RawRequest
from tests.intake.api import Api, order
from tests.intake.payloads import raw_of, sample

TOKEN = "a-token-of-the-school"
JSON = {"content-type": "application/json"}


def signed(secret: str, body: bytes, message_id: str = "msg_1") -> dict[str, str]:
    now = datetime.now(UTC)
    signature = Webhook(secret).sign(message_id, now, body.decode())
    stamp = str(int(now.timestamp()))
    return {**JSON, "webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": signature}


async def test_an_unknown_address_is_not_found(api: Api) -> None:
    answer = await api.send("POST", "/intake/v1/hooks/nowhere", body=order())
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_source_that_was_switched_off_is_not_found(api: Api) -> None:
    view = await api.ok("POST", "/sources", {"desk": "demo", "code": "x", "format": "landing", "auth": "none",
                                               "playbook": "callback", "zone": "UTC"})  # fmt: skip
    await api.ok("PATCH", f"/sources/{view['id']}", {"active": False}, headers={"if-match": '"1"'})
    assert (await api.send("POST", str(view["hook"]), body=order())).status_code == 404


@pytest.mark.parametrize("given", [
    {"x-source-token": TOKEN},
    {"authorization": "Basic " + base64.b64encode(f"school:{TOKEN}".encode()).decode()},
])  # fmt: skip
async def test_a_token_in_a_header_opens(api: Api, given: dict[str, str]) -> None:
    url = await api.source(auth="token", secret=TOKEN)
    answer = await api.send("POST", url, body=order(), headers=given)
    assert answer.status_code == 202


@pytest.mark.parametrize("given", [
    {}, {"x-source-token": "wrong"}, {"x-source-token": ""}, {"authorization": "Basic !"},
    {"authorization": f"Bearer {TOKEN}"},
])  # fmt: skip
async def test_a_wrong_token_is_refused_and_nothing_is_kept(api: Api, given: dict[str, str]) -> None:
    url = await api.source(auth="token", secret=TOKEN)
    answer = await api.send("POST", url, body=order(), headers=given)
    assert (answer.status_code, answer.json()["code"]) == (401, "sender_unverified")
    assert await api.count("delivery") == 0


@pytest.mark.req("S4.1")
async def test_a_getcourse_url_is_called_with_its_token_in_the_query(api: Api) -> None:
    url = await api.source("school", auth="token", secret="shared-invented!")
    query = raw_of("getcourse/callurl_get").query.replace(b"shared-invented", b"shared-invented%21").decode()
    answer = await api.send("GET", f"{url}?{query}")
    assert (answer.status_code, answer.json()["disposition"]) == (202, "accepted")
    kept = await api.ctx.core.db.pool.fetchval("SELECT query FROM delivery")
    assert b"token=***" in kept
    assert b"shared-invented" not in kept


async def test_a_head_of_a_link_checker_is_no_delivery(api: Api) -> None:
    url = await api.source("school")
    assert (await api.send("HEAD", f"{url}?deal_id=1&email=a@b.ru")).status_code == 204
    assert await api.count("delivery") == 0


async def test_a_source_may_want_a_plain_ok(api: Api) -> None:
    url = await api.source("school", response="ok")
    answer = await api.send("GET", f"{url}?deal_id=1&email=a@b.ru")
    assert (answer.status_code, answer.text) == (200, "ok")


async def test_a_signed_order_is_accepted_and_its_id_is_the_last_resort(api: Api) -> None:
    secret = str(sample("landing/standard_webhook_order")["secret"]["whsec"])  # type: ignore[index] # one sample's shape
    url = await api.source(auth="signature", secret=secret)
    body = b'{"phone": "89161234567"}'
    answers = [(await api.send("POST", url, content=body, headers=signed(secret, body))).json() for _ in "ab"]
    assert [answer["disposition"] for answer in answers] == ["accepted", "repeat"]


@pytest.mark.req("P.2")
async def test_a_retry_of_a_message_undoes_no_newer_state(api: Api) -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    url, made = await api.source(auth="signature", secret=secret), list[str]()
    for message, status in (("m1", "new"), ("m2", "paid"), ("m1", "new")):
        body = json.dumps(order(status=status)).encode()
        answer = await api.send("POST", url, content=body, headers=signed(secret, body, message))
        made.append(answer.json()["disposition"])
    assert made == ["accepted", "accepted", "repeat"]
    assert [c.to_status for c in await api.said(OrderChanged)] == ["paid"]
    assert [await api.count("delivery"), await api.count("lead")] == [3, 1]


@pytest.mark.req("P.2")
async def test_a_message_that_waited_in_quarantine_is_taken_once(api: Api) -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    url, body = await api.source(auth="signature", secret=secret), json.dumps(order(status="odd")).encode()
    for _ in "ab":
        await api.send("POST", url, content=body, headers=signed(secret, body))
    [source] = await api.ctx.core.db.pool.fetch("SELECT id FROM source")
    await api.ok("PATCH", f"/sources/{source['id']}", {"status_map": {"odd": "new"}}, headers={"if-match": '"1"'})
    rows = await api.ctx.core.db.pool.fetch("SELECT id FROM delivery ORDER BY id")
    settled = [await api.ok("POST", f"/deliveries/{row['id']}/rerun") for row in rows]
    assert [view["disposition"] for view in settled] == ["accepted", "repeat"]
    assert {view["lead_id"] for view in settled} == {settled[0]["lead_id"]}


async def test_an_old_timestamp_is_refused(api: Api) -> None:
    example = sample("landing/standard_webhook_order")
    secret = example["secret"]
    assert isinstance(secret, dict)
    url = await api.source(auth="signature", secret=secret["whsec"])
    raw: RawRequest = raw_of("landing/standard_webhook_order")
    assert (await api.send("POST", url, content=raw.body, headers=raw.headers)).status_code == 401


async def test_two_secrets_work_while_one_is_replaced(api: Api) -> None:
    url = await api.source(auth="token", secret=TOKEN)
    [source] = await api.ctx.core.db.pool.fetch("SELECT id FROM source")
    fresh = (await api.ok("POST", f"/sources/{source['id']}/rotate", {}))["secret"]
    codes = [
        (await api.send("POST", url, body=order(), headers={"x-source-token": str(token)})).status_code
        for token in (TOKEN, fresh, "neither-of-the-two")
    ]
    assert codes == [202, 202, 401]


async def test_a_body_over_the_sources_limit_is_refused(api: Api) -> None:
    url = await api.source(body_limit=100)
    answer = await api.send("POST", url, content=b"x" * 101, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_too_many_at_once_are_refused_with_a_time_to_retry(api: Api) -> None:
    url = await api.source(rate_per_second=1)
    answers = [await api.send("POST", url, body=order()) for _ in range(4)]
    assert [answer.status_code for answer in answers[:2]] == [202, 202]
    assert (answers[-1].status_code, answers[-1].headers["retry-after"]) == (429, "1")


async def test_an_idempotency_key_names_an_order_without_id(api: Api) -> None:
    url = await api.source()
    raw = raw_of("landing/plain_form")
    answers = [(await api.send("POST", url, content=raw.body, headers=raw.headers)).json() for _ in "ab"]
    assert [answer["disposition"] for answer in answers] == ["accepted", "repeat"]


HOSTILE = [
    (b'{"phone": "89161234567"}', "", {"user-agent": "a\\u0000"}),
    (b"{}", "", {"user-agent": "a\x00b", "x-odd": "\xff"}),
    (b"", "?utm_source%00=%00&phone=89161234567", {}),
    (b'{"phone": "89161234567", "marketing": {"utm_\\u0000": "\\u0000", "utm_source": "\\u0000"}}', "", {}),
    (
        b'{"phone": "89161234567", "items": [{"title": "a", "quantity": ' + b"[" * 1000 + b"]" * 1000 + b"}]}",
        "",
        {},
    ),
    (b'{"phone": "89161234567", "total": 999999999999.999}', "", {}),
]


@pytest.mark.req("P.1")
@pytest.mark.parametrize(("body", "query", "headers"), HOSTILE)
async def test_every_authentic_request_is_kept(api: Api, body: bytes, query: str, headers: dict[str, str]) -> None:
    url = await api.source()
    raw = {name: value.encode("latin-1") for name, value in {**JSON, **headers}.items()}
    answer = await api.send("POST", url + query, content=body, headers=raw)  # type: ignore[arg-type] # bytes are bytes on the wire
    assert answer.status_code == 202
    kept = await api.ctx.core.db.pool.fetchval("SELECT body FROM delivery")
    assert kept == body


async def test_a_format_that_fails_leaves_the_delivery_in_quarantine(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await api.source()
    monkeypatch.setattr(Landing, "read", lambda *_: 1 // 0)
    answer = await api.deliver(url, order())
    assert answer["disposition"] == "quarantined"
    assert await api.ctx.core.db.pool.fetchval("SELECT reason FROM delivery") == "reader_failed"


async def test_a_sender_that_breaks_off_before_its_body_has_delivered_nothing(api: Api) -> None:
    url, sent = await api.source(), list[Message]()

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def note(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": url, "query_string": b"phone=89161234567", "headers": []}
    await api.app({**scope, "http_version": "1.1", "root_path": ""}, gone, note)
    assert (sent[0]["status"], await api.count("delivery")) == (400, 0)


NASTY = st.sampled_from(
    ["\x00", "\\u0000", "phone", "utm_source", "marketing", "sub1", "data", "items", "total", "\ud7ff"]
)
nested = st.recursive(
    st.none() | st.integers() | NASTY | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NASTY, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    payload=st.dictionaries(NASTY | st.text(max_size=5), nested, max_size=5),
    query=st.dictionaries(NASTY, NASTY, max_size=3),
    header=st.text(st.characters(max_codepoint=255), max_size=20),
)
async def test_no_json_query_or_header_makes_an_error(
    api: Api, payload: dict[str, object], query: dict[str, str], header: str
) -> None:
    rows = await api.ctx.core.db.pool.fetch("SELECT key FROM source")
    url = f"/intake/v1/hooks/{rows[0]['key']}" if rows else await api.source(rate_per_second=10_000)
    body = json.dumps({"phone": "89161234567", **payload}).encode()
    headers = {**JSON, "x-odd": header.encode("latin-1")}
    answer = await api.send("POST", f"{url}?{urlencode(query)}", content=body, headers=headers)  # type: ignore[arg-type] # bytes are bytes on the wire
    assert answer.status_code == 202


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=st.binary(max_size=200), media=st.sampled_from(["application/json", "", "text/plain; charset=koi8-r"]))
async def test_no_bytes_make_an_error(api: Api, body: bytes, media: str) -> None:
    rows = await api.ctx.core.db.pool.fetch("SELECT key FROM source")
    url = f"/intake/v1/hooks/{rows[0]['key']}" if rows else await api.source(rate_per_second=10_000)
    answer = await api.send("POST", url, content=body, headers={"content-type": media} if media else {})
    assert answer.status_code == 202
