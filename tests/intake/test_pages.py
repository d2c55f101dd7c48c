"""What pages need of the webhook: why an order waits, how to prove the sender, other origins, a form's visitor."""

import base64

import pytest

from tests.intake.api import Api

SHOP, OTHER = "https://shop.example", "https://other.example"
FORM = {"content-type": "application/x-www-form-urlencoded"}
BROWSER = {**FORM, "accept": "text/html,application/xhtml+xml,*/*;q=0.8", "sec-fetch-mode": "navigate"}
ORDER = b"name=Anna&phone=79130000001"
THANKS = "https://shop.example/thanks?a=1"
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,x-source-token",
}


@pytest.mark.req("U17")
@pytest.mark.parametrize(("body", "reason", "noted"), [
    (b'{"name": "Anna"}', "no_contact", {"phone": "missing", "email": "missing"}),
    (b'{"phone": "call me", "email": "anna"}', "no_contact", {"phone": "no_digits", "email": "not_an_address"}),
    (b"{", "bad_json", {"body": "json"}),
    (b'{"phone": "79130000001", "status": "odd"}', "unknown_status", {"status": "unknown_status"}),
    (b'{"phone": "{object.user.phone}"}', "no_contact", {"phone": "missing", "email": "missing"}),
    (b'{"type": "x.y", "data": {}}', "not_an_order", {"type": "unknown_type"}),
])  # fmt: skip
async def test_a_page_hears_why_its_order_waits(api: Api, body: bytes, reason: str, noted: dict[str, str]) -> None:
    answer = await api.send("POST", await api.source(), content=body, headers={"content-type": "application/json"})
    said = answer.json()
    assert (said["disposition"], said["reason"]) == ("quarantined", reason)
    assert {note["field"]: note["code"] for note in said["notes"]} == noted


@pytest.mark.req("U17")
async def test_a_page_hears_by_which_names_a_number_was_looked_for(api: Api) -> None:
    answer = await api.deliver(await api.source(), {"telefon": "79130000001"})
    [phone] = [note for note in answer["notes"] if note["field"] == "phone"]  # type: ignore[index]  # a JSON list
    assert {"phone", "tel", "customer.phone"} <= set(phone["detail"].split(", "))  # type: ignore[index]  # an object


@pytest.mark.req("U17")
async def test_an_order_that_is_taken_says_what_was_not_read(api: Api) -> None:
    answer = await api.deliver(await api.source(), {"phone": "79130000001", "total": "много"})
    stored = await api.ctx.core.db.pool.fetchval("SELECT id FROM delivery")
    assert answer == {
        "delivery_id": str(stored), "disposition": "accepted", "lead_id": answer["lead_id"], "order_number": "1001",
        "reason": None, "notes": [{"field": "amount", "code": "not_an_amount", "detail": "много"}],
    }  # fmt: skip


@pytest.mark.req("U7")
@pytest.mark.parametrize(("members", "way"), [
    ({}, "header X-Source-Token"), ({}, "?token= in the address"), ({}, "password of HTTP Basic"),
    ({"auth": "signature"}, "Standard Webhooks: headers webhook-id, webhook-timestamp, webhook-signature"),
    ({"format": "tilda"}, "form field token"), ({"format": "cpa"}, "form field key"),
])  # fmt: skip
async def test_who_is_refused_hears_how_to_prove_the_sender(api: Api, members: dict[str, object], way: str) -> None:
    source = {"desk": "demo", "code": "x", "playbook": "callback", "zone": "Europe/Moscow"}
    made = await api.ok("POST", "/sources", {**source, "config": {"format": "landing", **members}})
    refused = await api.send("POST", str(made["hook"]), content=ORDER, headers=FORM)
    assert (refused.status_code, refused.json()["code"]) == (401, "sender_unverified")
    assert way in refused.json()["ways"]
    assert way in refused.json()["detail"]


@pytest.mark.req("U18")
async def test_no_browser_makes_a_window_to_log_in_unless_basic_was_tried(api: Api) -> None:
    url = await api.source(auth="token")
    tried = base64.b64encode(b"x:wrong").decode()
    plain = await api.send("POST", url, content=ORDER, headers=BROWSER)
    basic = await api.send("POST", url, content=ORDER, headers={**FORM, "authorization": f"Basic {tried}"})
    schemes = [answer.headers["www-authenticate"].split()[0] for answer in (plain, basic)]
    assert ([plain.status_code, basic.status_code], schemes) == ([401, 401], ["Source", "Basic"])


@pytest.mark.req("U18")
@pytest.mark.parametrize("body", [ORDER, b"name=Anna"])
async def test_a_forms_visitor_is_sent_to_the_thanks_of_the_source(api: Api, body: bytes) -> None:
    url = await api.source(thanks_url=THANKS)
    answer = await api.send("POST", url, content=body, headers=BROWSER)
    assert (answer.status_code, answer.headers["location"], answer.content) == (303, THANKS, b"")
    assert await api.count("delivery") == 1


@pytest.mark.req("U18")
@pytest.mark.parametrize("headers", [FORM, {**FORM, "accept": "*/*"}, {**BROWSER, "sec-fetch-mode": "cors"}])
async def test_a_script_hears_what_became_of_its_order(api: Api, headers: dict[str, str]) -> None:
    answer = await api.send("POST", await api.source(thanks_url=THANKS), content=ORDER, headers=headers)
    assert (answer.status_code, answer.json()["disposition"]) == (202, "accepted")


async def test_a_visitor_whose_form_cannot_be_read_is_thanked_too_and_the_desk_sees_it(api: Api) -> None:
    answer = await api.send("POST", await api.source(thanks_url=THANKS), content=b"name=Anna", headers=BROWSER)
    waiting = (await api.call("GET", "/attention")).json()["items"]
    assert (answer.status_code, answer.headers["location"]) == (303, THANKS)
    assert [(row["kind"], row["count"]) for row in waiting] == [("quarantine", 1)]


async def test_thanks_are_changed_and_taken_away(api: Api) -> None:
    await api.source(thanks_url=THANKS, origins=[SHOP], repeat_seconds=60)
    [source] = await api.ctx.core.db.pool.fetch("SELECT id FROM source")
    shown = [
        await api.ok("PATCH", f"/sources/{source['id']}", change, headers={"if-match": f'"{version}"'})
        for version, change in enumerate(({"origins": ["*"]}, {"thanks_url": None, "repeat_seconds": 0}), 1)
    ]
    assert [(s["thanks_url"], s["origins"], s["repeat_seconds"]) for s in shown] == [
        (THANKS, ["*"], 60), (None, ["*"], 0),
    ]  # fmt: skip


@pytest.mark.parametrize("member", [
    {"thanks_url": "javascript:alert(1)"}, {"thanks_url": "https://a.ru/\r\nx: y"}, {"thanks_url": "https://кириллица.рф"},
    {"origins": ["shop.example"]}, {"origins": ["https://shop.example/"]}, {"repeat_seconds": -1},
])  # fmt: skip
async def test_what_no_browser_could_follow_is_refused(api: Api, member: dict[str, object]) -> None:
    source = {"desk": "demo", "code": "x", "format": "landing", "playbook": "callback", "zone": "Europe/Moscow"}
    assert (await api.call("POST", "/sources", {**source, **member})).status_code == 422


@pytest.mark.req("U2", "U3")
@pytest.mark.parametrize(("origins", "origin", "allowed"), [
    ([SHOP], SHOP, SHOP), (["*"], OTHER, "*"), ([SHOP], OTHER, None), ([], SHOP, None),
])  # fmt: skip
async def test_a_page_of_an_allowed_origin_reads_the_answer(
    api: Api, origins: list[str], origin: str, allowed: str | None
) -> None:
    url = await api.source(origins=origins)
    asked = await api.send("OPTIONS", url, headers={"origin": origin, **PREFLIGHT})
    answer = await api.send("POST", url, content=ORDER, headers={**FORM, "origin": origin})
    assert [asked.status_code, answer.status_code] == [204, 202]
    assert [a.headers.get("access-control-allow-origin") for a in (asked, answer)] == [allowed] * 2


@pytest.mark.req("U2")
async def test_a_browser_hears_what_it_may_send_and_what_a_script_may_read(api: Api) -> None:
    url = await api.source(origins=[SHOP])
    asked = await api.send("OPTIONS", url, headers={"origin": SHOP, **PREFLIGHT})
    answer = await api.send("POST", url, content=ORDER, headers={**FORM, "origin": SHOP})
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert asked.headers["access-control-allow-headers"] == PREFLIGHT["access-control-request-headers"]
    exposed = set(answer.headers["access-control-expose-headers"].split(", "))
    assert exposed == {"ETag", "Location", "Retry-After", "Idempotency-Replayed", "X-Request-Id"}
    assert answer.headers["vary"] == "Origin"


@pytest.mark.req("U2")
async def test_a_page_reads_a_refusal_too(api: Api) -> None:
    url = await api.source(auth="token", origins=[SHOP])
    refused = await api.send("POST", url, content=ORDER, headers={**FORM, "origin": SHOP})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, SHOP)
