"""The quarantine of earlier releases is read again by today's rules, one delivery or by filter."""

import gzip
from collections.abc import Mapping
from uuid import UUID

import pytest

from libs.common.contracts.intake import LeadReceivedV2, LeadUpdated
from libs.common.platform.ids import uuid7
from tests.intake.api import NOW, Api

PARTS = b'--x\r\nContent-Disposition: form-data; name="phone"\r\n\r\n+79130000001\r\n--x--\r\n'
PACKED = gzip.compress(b'{"phone": "+79130000001"}', mtime=0)
OLD = [
    ("bad_json", {"content-type": "application/json"}, b'\xef\xbb\xbf{"phone": "+79130000001"}'),
    ("unstorable", {"content-type": "application/json"}, b'{"phone": "+79130000001", "name": "\\u0000"}'),
    ("unsupported_type", {"content-type": "multipart/form-data; boundary=x"}, PARTS),
    ("bad_json", {"content-type": "application/json", "content-encoding": "gzip"}, PACKED),
    ("bad_charset", {"content-type": "application/x-www-form-urlencoded"}, b"phone=79130000001&name=%C0%ED%ED%E0"),
    ("no_contact", {"content-type": "application/x-www-form-urlencoded"}, b"customer[phone]=79130000001"),
]
KEEP = """
INSERT INTO delivery (id, desk, source_id, received_at, method, query, headers, body, kinds, disposition, reason,
                      notes, reruns)
SELECT $1, desk, id, $2, 'POST', '', $3, $4, '{}', 'quarantined', $5, '[]', 0 FROM source WHERE code = $6
"""


async def kept(api: Api, reason: str, headers: dict[str, str], body: bytes, code: str = "landing") -> UUID:
    """Keep a delivery in quarantine as the release before did."""
    delivery_id = uuid7()
    await api.ctx.core.db.pool.execute(KEEP, delivery_id, NOW, headers, body, reason, code)
    return delivery_id


@pytest.mark.req("rerun")
@pytest.mark.parametrize(("reason", "headers", "body"), OLD)
async def test_what_an_earlier_release_could_not_read_is_a_lead(
    api: Api, reason: str, headers: dict[str, str], body: bytes
) -> None:
    await api.source()
    delivery_id = await kept(api, reason, headers, body)
    view = await api.ok("POST", f"/deliveries/{delivery_id}/rerun")
    [event] = await api.said(LeadReceivedV2)
    assert (view["disposition"], view["lead_id"], event.person.phone) == (
        "accepted", str(event.lead_id), "+79130000001",
    )  # fmt: skip


@pytest.mark.req("rerun")
async def test_all_of_a_filter_is_read_again(api: Api) -> None:
    for code in ("landing", "getcourse"):
        await api.source(code)
        for number in "12":
            await kept(api, "unsupported_type", OLD[2][1], PARTS.replace(b"0001", f"000{number}".encode()), code)
    await kept(api, "not_an_object", OLD[0][1], b"[]")
    done = await api.ok("POST", "/reruns", {"source": "landing"})
    assert done == {"read": 3, "by_disposition": {"accepted": 2, "quarantined": 1}, "next": None}
    assert (await api.ok("POST", "/reruns", {"reason": "unsupported_type"}))["read"] == 2


@pytest.mark.req("rerun")
async def test_a_long_quarantine_is_read_in_pages(api: Api) -> None:
    await api.source()
    for _ in range(5):
        await kept(api, "not_an_object", OLD[0][1], b"[]")
    after: object = None
    read: list[object] = []
    while not read or after is not None:
        page = await api.ok("POST", "/reruns", {"limit": 2, **({"after": after} if after else {})})
        read.append(page["read"])
        after = page["next"]
    assert read == [2, 2, 1]


async def test_a_supervisor_reads_again_what_is_of_their_desks_alone(api: Api) -> None:
    await api.source()
    await kept(api, *OLD[0])
    foreign = await api.call("POST", "/reruns", {}, role="supervisor", desks=["other"])
    operator = await api.call("POST", "/reruns", {}, role="operator", desks=["demo"])
    assert (foreign.json()["read"], operator.status_code) == (0, 403)


async def with_phones_mapped(api: Api, *bodies: Mapping[str, object]) -> list[str]:
    """Deliver without a phone that is read, map its field, and return the deliveries' ids."""
    url = await api.source()
    ids = [(await api.deliver(url, body))["delivery_id"] for body in bodies]
    source_id = await api.ctx.core.db.pool.fetchval("SELECT id FROM source")
    mapped = {"config": {"field_map": {"phone": "client_line"}}}
    await api.ok("PATCH", f"/sources/{source_id}", mapped, headers={"if-match": '"1"'})
    return ids


ANNA = {"name": "Анна", "email": "anna@example.com", "client_line": "8 913 000-00-01"}


@pytest.mark.req("rerun")
async def test_an_accepted_delivery_gives_its_lead_the_phone_that_is_read_by_now(api: Api) -> None:
    [delivery_id] = await with_phones_mapped(api, ANNA)
    view = await api.ok("POST", f"/deliveries/{delivery_id}/rerun")
    lead = await api.ok("GET", f"/leads/{view['lead_id']}")
    [event] = await api.said(LeadUpdated)
    assert (event.person.phone, "+79130000001" in str(lead)) == ("+79130000001", True)
    assert view["notes"] == [{"field": "phone", "code": "added", "detail": "client_line"}]
    found = await api.ctx.core.db.pool.fetchval("SELECT count(*) FROM customer_identity WHERE kind = 'phone'")
    assert (found, view["reruns"], len(await api.said(LeadReceivedV2))) == (1, 1, 1)


async def test_a_second_rerun_adds_nothing(api: Api) -> None:
    [delivery_id] = await with_phones_mapped(api, ANNA)
    first, second = [await api.ok("POST", f"/deliveries/{delivery_id}/rerun") for _ in range(2)]
    assert (second["notes"], len(await api.said(LeadUpdated))) == (first["notes"], 1)


async def test_a_rerun_leaves_alone_what_the_lead_knows(api: Api) -> None:
    [delivery_id] = await with_phones_mapped(api, {**ANNA, "phone": "8 913 000-00-02"})
    view = await api.ok("POST", f"/deliveries/{delivery_id}/rerun")
    lead = await api.ctx.core.db.pool.fetchrow("SELECT phone, signals FROM lead")
    assert tuple(lead or ()) == ("+79130000002", ["other_contact"])
    assert view["notes"] == [{"field": "phone", "code": "other_contact", "detail": "+79130000001"}]


async def test_accepted_deliveries_are_read_again_by_filter(api: Api) -> None:
    await with_phones_mapped(api, ANNA, {"email": "boris@example.com", "client_line": "8 913 000-00-02"})
    done = await api.ok("POST", "/reruns", {"disposition": "accepted", "source": "landing"})
    phones = await api.ctx.core.db.pool.fetch("SELECT phone FROM lead ORDER BY phone")
    assert (done["by_disposition"], [row["phone"] for row in phones]) == (
        {"accepted": 2}, ["+79130000001", "+79130000002"],
    )  # fmt: skip


async def test_what_was_only_tried_stays_as_it_is(api: Api) -> None:
    [delivery_id] = await with_phones_mapped(api, {**ANNA, "phone": "+972501234567"})
    view = await api.ok("POST", f"/deliveries/{delivery_id}/rerun")
    assert (view["disposition"], view["reruns"], await api.said(LeadUpdated)) == ("test", 0, [])


async def test_each_order_of_a_list_completes_its_own_lead(api: Api) -> None:
    orders = [
        {"external_id": "1", **ANNA},
        {"external_id": "2", "email": "b@example.com", "client_line": "+79130000002"},
    ]
    [delivery_id] = await with_phones_mapped(api, {"orders": orders})
    await api.ok("POST", f"/deliveries/{delivery_id}/rerun")
    found = await api.ctx.core.db.pool.fetch("SELECT email, phone FROM lead ORDER BY email")
    assert [tuple(row) for row in found] == [
        ("anna@example.com", "+79130000001"), ("b@example.com", "+79130000002"),
    ]  # fmt: skip
