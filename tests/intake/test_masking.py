"""Lists mask numbers and addresses to operators of a desk that says so, where the lead is not their own (P.7)."""

import pytest

from libs.common.contracts.tasks import LeadOwnerChanged
from libs.common.platform.ids import uuid7
from services.intake.masking.rules import masked
from tests.intake.api import Api, lead_of, order

pytestmark = pytest.mark.req("P.7")

LISTS = ("leads", "customers", "contacts")


async def numbers(api: Api, role: str) -> list[object]:
    """Return the number that each list shows of the only customer."""
    found = {}
    for name in LISTS:
        answer = await api.call("GET", f"/{name}", role=role, desks=["demo"])
        (found[name],) = answer.json()["items"]
    known = [one["value"] for one in found["customers"]["identities"] if one["kind"] == "phone"]
    return [found["leads"]["person"]["phone"], *known, found["contacts"]["person"]["phone"]]


@pytest.mark.parametrize(
    ("given", "shown"),
    [("+79001231201", "+7900***1201"), ("anna@example.org", "a***@example.org"), ("12345678", "***")],
)
def test_what_is_masked_differs_and_reaches_no_one(given: str, shown: str) -> None:
    assert masked(given) == shown


async def test_operators_see_numbers_of_their_own_leads_alone_once_the_desk_says_so(api: Api) -> None:
    me = uuid7()
    await api.hire(operator_id=me)
    url = await api.source()
    lead_id = lead_of(await api.deliver(url, order()))
    at = api.clock.now().isoformat()
    call = {"desk": "demo", "source": "landing", "kind": "call_in", "at": at, "phone": "+79161234567"}
    await api.ok("POST", "/contacts", call)
    open_to_all = await numbers(api, "operator")
    await api.ok("PUT", "/masking?desk=demo", {"lists": True})
    strange, managed = await numbers(api, "operator"), await numbers(api, "supervisor")
    await api.hear(LeadOwnerChanged(lead_id=lead_id, from_operator_id=None, to_operator_id=me, reason="taken"))
    assert (open_to_all, managed) == (["+79161234567"] * 3, ["+79161234567"] * 3)
    assert (strange, await numbers(api, "operator")) == (["+7916***4567"] * 3, ["+79161234567"] * 3)
