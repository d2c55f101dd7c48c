"""Numbers and addresses are masked to operators of a desk that says so, where the lead is not their own (P.7)."""

import json
from collections.abc import Sequence
from uuid import UUID

import pytest

from libs.common.contracts.masking import MaskingChanged
from libs.common.contracts.tasks import LeadOwnerChanged
from libs.common.platform.ids import uuid7
from services.intake.masking.actions import publish_masking
from tests.intake.api import Api, lead_of, order
from tests.intake.test_configuration_api import PATH as CONFIGURATION
from tests.intake.test_configuration_api import changes, planned_and_applied
from tests.intake.test_refunds import refund

pytestmark = pytest.mark.req("P.7")

LISTS = ("leads", "customers", "contacts")
NUMBER, OTHER = "+79161234567", "+79167654321"


async def called(api: Api, path: str, role: str = "operator") -> str:
    """Return the words of an answer to a caller of the desk."""
    answer = await api.call("GET", path, role=role, desks=["demo"])
    assert answer.is_success, answer.text
    return answer.text


async def numbers(api: Api, role: str) -> list[object]:
    """Return the number that each list shows of the only customer."""
    found = {}
    for name in LISTS:
        (found[name],) = json.loads(await called(api, f"/{name}", role))["items"]
    known = [one["value"] for one in found["customers"]["identities"] if one["kind"] == "phone"]
    return [found["leads"]["person"]["phone"], *known, found["contacts"]["person"]["phone"]]


async def mine(api: Api, lead_id: UUID, me: UUID) -> None:
    await api.hear(LeadOwnerChanged(lead_id=lead_id, from_operator_id=None, to_operator_id=me, reason="taken"))


async def a_call(api: Api) -> str:
    """Record a call of the customer of `order`, and return its id."""
    at = api.clock.now().isoformat()
    call = {"desk": "demo", "source": "landing", "kind": "call_in", "at": at, "phone": NUMBER}
    return str((await api.ok("POST", "/contacts", call))["id"])


async def test_operators_see_numbers_of_their_own_leads_alone_once_the_desk_says_so(api: Api) -> None:
    me = uuid7()
    await api.hire(operator_id=me)
    lead_id = lead_of(await api.deliver(await api.source(), order()))
    await a_call(api)
    open_to_all = await numbers(api, "operator")
    await api.ok("PUT", "/masking?desk=demo", {"lists": True})
    strange, managed = await numbers(api, "operator"), await numbers(api, "supervisor")
    await mine(api, lead_id, me)
    assert (open_to_all, managed) == ([NUMBER] * 3, [NUMBER] * 3)
    assert (strange, await numbers(api, "operator")) == (["+7***4567"] * 3, [NUMBER] * 3)


async def test_one_thing_alone_and_what_search_finds_are_masked_as_lists_are(api: Api) -> None:
    me = uuid7()
    await api.hire(operator_id=me)
    url = await api.source()
    lead_id = lead_of(await api.deliver(url, order()))
    await api.deliver(url, order(phone=OTHER, name="Анна"))
    contact = await a_call(api)
    customer = json.loads(await called(api, f"/leads/{lead_id}"))["customer_id"]
    attached = {"kind": "phone", "value": OTHER, "reason": "сказала"}
    await api.ok("POST", f"/customers/{customer}/identities", attached)
    reads = [
        f"/leads/{lead_id}", f"/leads/{lead_id}?include=customer", f"/leads/{lead_id}/history",
        f"/customers/{customer}", f"/customers/{customer}/identities/history", f"/contacts/{contact}",
        f"/leads?q={NUMBER[2:]}", f"/customers?q={NUMBER[2:]}",
    ]  # fmt: skip
    await api.ok("PUT", "/masking?desk=demo", {"lists": True})
    strange = {path for path in reads if NUMBER in (said := await called(api, path)) or OTHER in said}
    managed = [path for path in reads if NUMBER in (said := await called(api, path, "supervisor")) or OTHER in said]
    await mine(api, lead_id, me)
    own = [path for path in reads if NUMBER in (said := await called(api, path)) or OTHER in said]
    assert (strange, managed, own) == (set(), reads, reads)


async def test_a_part_of_a_number_finds_what_one_may_see_whole_and_no_other(api: Api) -> None:
    me = uuid7()
    await api.hire(operator_id=me)
    lead_id = lead_of(await api.deliver(await api.source(), order()))
    reads = [
        f"/{name}?q={typed}" for name in ("leads", "customers") for typed in (NUMBER[5:10], NUMBER[-4:], NUMBER)
    ]
    await api.ok("PUT", "/masking?desk=demo", {"lists": True})
    strange, managed = await counts(api, reads), await counts(api, reads, "supervisor")
    await mine(api, lead_id, me)
    assert (strange, managed, await counts(api, reads)) == ([0, 0, 1, 0, 0, 1], [1] * 6, [1] * 6)


async def counts(api: Api, paths: Sequence[str], role: str = "operator") -> list[int]:
    return [len(json.loads(await called(api, path, role))["items"]) for path in paths]


async def test_what_a_desk_masks_is_published_and_only_when_it_changes(api: Api) -> None:
    for lists in (True, True, False):
        await api.ok("PUT", "/masking?desk=demo", {"lists": lists})
    assert [event.lists for event in await api.said(MaskingChanged)] == [True, False]


async def test_what_the_release_before_has_written_is_published_once(api: Api) -> None:
    await api.ctx.core.db.pool.execute("INSERT INTO masking (desk, lists, changed_by) VALUES ('demo', true, 'ann')")
    published = [await publish_masking(api.ctx) for _ in range(2)]
    await api.ctx.core.db.pool.execute("UPDATE masking SET lists = false")
    published.append(await publish_masking(api.ctx))
    assert ([event.lists for event in await api.said(MaskingChanged)], published) == ([True, False], [1, 0, 1])


async def test_who_sets_what_one_desk_masks_says_nothing_of_another(api: Api) -> None:
    await api.ctx.core.db.pool.execute(
        "INSERT INTO masking (desk, lists, changed_by) VALUES ('other', true, 'ann')"
    )
    await api.ok("PUT", "/masking?desk=demo", {"lists": True})
    by_person = await api.ctx.core.db.pool.fetch("SELECT desk FROM masking WHERE published")
    await publish_masking(api.ctx)
    by_worker = await api.ctx.core.db.pool.fetch("SELECT desk FROM masking WHERE published ORDER BY desk")
    assert [[row["desk"] for row in found] for found in (by_person, by_worker)] == [["demo"], ["demo", "other"]]


async def test_what_a_desk_masks_and_keeps_is_a_part_of_its_file(api: Api) -> None:
    rules: dict[str, object] = {"masking": {"lists": True}, "retention": {"deliveries": 90, "customers": 365}}
    made = await planned_and_applied(api, rules)
    exported = json.loads((await api.call("GET", CONFIGURATION)).text)["document"]
    again, silent = await planned_and_applied(api, exported), await planned_and_applied(api, {})
    less = await planned_and_applied(api, {"retention": {"customers": 365}})
    assert [changes(each) for each in (made, again, silent, less)] == [
        [("change", "rule", ["lists"]), ("change", "rule", ["deliveries", "customers"])], [], [],
        [("change", "rule", ["deliveries"])],
    ]  # fmt: skip
    kept = {"deliveries": 90, "recordings": None, "customers": 365}
    assert (exported["masking"], exported["retention"]) == (rules["masking"], kept)
    assert [event.lists for event in await api.said(MaskingChanged)] == [True]


async def test_whom_a_refund_is_paid_to_is_masked_alone_and_in_the_list(api: Api) -> None:
    me = uuid7()
    school, view = await refund(api, "details_wanted", "details_given")
    await api.hire(operator_id=me)
    await api.ok("PUT", "/masking?desk=demo", {"lists": True})
    paths = f"/refunds/{view['id']}", "/refunds"
    strange = [await called(api, path) for path in paths]
    await mine(api, UUID(str(school.lead["id"])), me)
    own = [await called(api, path) for path in paths]
    assert [NUMBER in text for text in (*strange, *own)] == [False, False, True, True]
    assert ["a***@example.com" in text for text in (*strange, *own)] == [True, True, False, False]
