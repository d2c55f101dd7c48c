"""Recordings of calls: who may listen, for how long, and that who listened is known (P.11, ADR 0017)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from httpx import Response

from deploy.standins.mango import SILENCE
from libs.common.contracts.intake import ContactRecorded, LeadReceivedV2
from libs.common.platform.auth.principal import Role, Scope
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from services.intake.recordings.player import address_of
from services.intake.recordings.rules import Grant, sound_type
from tests.intake.api import NOW, Api
from tests.intake.exchange import Exchange, open_exchange
from tests.intake.test_partners import a_partner, changed
from tests.support.patience import eventually

pytestmark = pytest.mark.servers
LEAD_OF = "UPDATE lead SET partner_id = $2 WHERE id = $1"
HEARD = "SELECT operation, caller, role, scope, whose FROM audit WHERE operation LIKE '%recording' ORDER BY id"


@pytest.fixture
async def line(intake_db: Database) -> AsyncIterator[Exchange]:
    async with open_exchange(intake_db) as opened:
        yield opened


async def recorded(line: Exchange, recording: str | None = None, **members: object) -> dict[str, object]:
    """Record a call of which the sound is kept, at the stand-in unless another place is given."""
    address = recording or f"{line.address}mango/vpbx/recordings/one"
    body = {"desk": "demo", "source": "line", "kind": "call_in", "at": NOW.isoformat(), "phone": "+79161234567"}
    return await line.api.ok("POST", "/contacts", {**body, "recording": address, **members})


async def link(api: Api, contact: dict[str, object], role: str = "supervisor") -> Response:
    return await api.call("GET", f"/contacts/{contact['id']}/recording", role=role, desks=["demo"])


async def play(line: Exchange, contact: dict[str, object], part: str = "") -> Response:
    url = (await link(line.api, contact)).json()["url"]
    return await line.api.send("GET", url, headers={"range": part} if part else {})


def grant(contact_id: object, ends: float = 60.0) -> Grant:
    return Grant(UUID(str(contact_id)), "chief", Role.SUPERVISOR, Scope.DESKS, datetime.now(UTC).timestamp() + ends)


@pytest.mark.req("P.11")
async def test_mango_s_recording_is_played_by_its_own_link_and_each_listener_is_known(line: Exchange) -> None:
    async with line.worker():
        view = await line.call(lead_id=await line.lead(), phone=None)
        [event] = await eventually(lambda: with_sound(line.api), bool)
    shown = await line.shown(view)
    answer = await play(line, {"id": shown["contact_id"]})
    assert (answer.status_code, event.recording) == (303, f"/intake/v1/contacts/{shown['contact_id']}/recording")
    assert "/mango/vpbx/recordings/cmVj" in answer.headers["location"]
    heard = await line.db.pool.fetch(HEARD)
    assert [row["operation"] for row in heard] == ["get_contact_recording", "play_recording"]
    assert {(row["caller"], row["scope"]) for row in heard} == {("ann", "desks")}
    assert all(f"lead:{event.lead_id}" in row["whose"] for row in heard)


async def with_sound(api: Api) -> list[ContactRecorded]:
    return [event for event in await api.said(ContactRecorded) if event.recording is not None][:1]


@pytest.mark.req("P.11")
async def test_sound_at_an_address_is_passed_on_and_the_address_is_shown_nowhere(line: Exchange) -> None:
    contact = await recorded(line)
    answer = await play(line, contact)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, SILENCE, "audio/wav")
    assert answer.headers["cache-control"] == "no-store"
    listed = await line.api.call("GET", "/contacts", role="supervisor", desks=["demo"])
    said = [*await line.api.said(ContactRecorded), *await line.api.said(LeadReceivedV2)]
    texts = [listed.text, *(event.model_dump_json() for event in said)]
    assert [text.count("/intake/v1/contacts/") for text in texts] == [1, 1, 1]
    assert not any("recordings/one" in text for text in texts)


async def test_a_part_that_is_played_later_is_no_other_listening(line: Exchange) -> None:
    contact = await recorded(line)
    await play(line, contact, "bytes=0-")
    await play(line, contact, "bytes=100-")
    heard = [row["operation"] for row in await line.db.pool.fetch(HEARD)]
    assert heard.count("play_recording") == 2


@pytest.mark.req("P.11")
@pytest.mark.parametrize("recording", ["https://127.0.0.1:1/a", "http://[::1]:9/a", "an-id-of-nobody-known"])
async def test_what_cannot_be_had_is_said_so(line: Exchange, recording: str) -> None:
    line.standin.accounts.clear()  # the provider knows us no more
    answer = await play(line, await recorded(line, recording))
    assert (answer.status_code, answer.json()["code"]) == (503, "recording_unavailable")


@pytest.mark.req("P.6", "P.11")
@pytest.mark.parametrize(
    ("role", "status"), [("supervisor", 200), ("admin", 200), ("service", 403), ("partner", 404)]
)
async def test_supervisors_and_administrators_may_listen(line: Exchange, role: str, status: int) -> None:
    assert (await link(line.api, await recorded(line), role)).status_code == status


@pytest.mark.req("P.6", "P.11")
async def test_an_operator_listens_to_their_own_calls_and_their_leads_alone(line: Exchange) -> None:
    ann = uuid7()
    await line.api.hire("ann", operator_id=ann)
    spoke = await recorded(line, operator_id=str(ann))
    free = await recorded(line, phone="+79160000000")
    before = [(await link(line.api, one, "operator")).status_code for one in (spoke, free)]
    await line.db.pool.execute("UPDATE lead SET owner_id = $1", ann)
    assert (before, (await link(line.api, free, "operator")).status_code) == ([200, 404], 200)


async def of_partner(line: Exchange, partner: dict[str, object], path: str) -> Response:
    token = line.api.issuer.token("maria", ["partner"], ["demo"], partner_id=str(partner["id"]))
    return await line.api.send("GET", f"/intake/v1{path}", headers={"authorization": f"Bearer {token}"})


@pytest.mark.req("P.6", "P.11", "S0.6")
async def test_a_partner_with_leave_listens_to_calls_of_their_own_leads_and_is_in_the_log(line: Exchange) -> None:
    salon, other = [await a_partner(line.api, code) for code in ("salon", "other")]
    call, foreign = await recorded(line), await recorded(line, phone="+79160000000")
    path = f"/contacts/{call['id']}/recording"
    await line.db.pool.execute(LEAD_OF, UUID(str(call["lead_id"])), UUID(str(salon["id"])))
    await line.api.ok("POST", f"/leads/{call['lead_id']}/appointments", {"at": "2026-03-03T09:00:00Z"})
    without = [(await of_partner(line, salon, each)).status_code for each in (path, f"/contacts/{call['id']}")]
    salon, other = [await changed(line.api, each, listens=True) for each in (salon, other)]
    heard = [(await of_partner(line, each, path)).status_code for each in (salon, other)]
    strange = (await of_partner(line, salon, f"/contacts/{foreign['id']}/recording")).status_code
    listed = await of_partner(line, salon, "/contacts")
    played = await line.api.send("GET", (await of_partner(line, salon, path)).json()["url"])
    assert (without, heard, strange, played.content) == ([404, 404], [200, 404], 404, SILENCE)
    assert [one["id"] for one in listed.json()["items"]] == [call["id"]]
    assert "79161234567" not in listed.text
    log = {(row["operation"], row["caller"], row["role"]) for row in await line.db.pool.fetch(HEARD)}
    assert log == {(name, "maria", "partner") for name in ("get_contact_recording", "play_recording")}


@pytest.mark.req("P.6", "P.11")
async def test_leave_that_is_taken_away_or_of_a_partner_who_left_is_none(line: Exchange) -> None:
    salon, call = await a_partner(line.api, listens=True), await recorded(line)
    await line.db.pool.execute(LEAD_OF, UUID(str(call["lead_id"])), UUID(str(salon["id"])))
    await line.api.ok("POST", f"/leads/{call['lead_id']}/appointments", {"at": "2026-03-03T09:00:00Z"})
    path = f"/contacts/{call['id']}/recording"
    found = [(await of_partner(line, salon, path)).status_code]
    for listens, active in ((False, True), (True, False)):
        salon = await changed(line.api, salon, listens=listens, active=active)
        found.append((await of_partner(line, salon, path)).status_code)
    assert found == [200, 404, 404]


async def test_a_call_without_a_recording_has_none(line: Exchange) -> None:
    body = {"desk": "demo", "source": "line", "kind": "call_in", "at": NOW.isoformat(), "phone": "+79161234567"}
    assert (await link(line.api, await line.api.ok("POST", "/contacts", body))).status_code == 404


@pytest.mark.req("P.11")
async def test_an_address_plays_one_recording_for_its_time_and_no_other(line: Exchange) -> None:
    one, other = await recorded(line), await recorded(line)
    keys = line.api.ctx.core.keys
    good, late = address_of(grant(one["id"]), keys), address_of(grant(one["id"], -1.0), keys)
    wrong = [good.replace(str(one["id"]), str(other["id"])), good[:-2], good + "AA", late]
    answers = [await line.api.send("GET", url) for url in wrong]
    assert [each.status_code for each in answers] == [401] * 4
    assert [each.json()["reason"] for each in answers] == ["unknown"] * 3 + ["expired"]
    assert (await line.api.send("GET", good)).status_code == 200


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ("audio/mpeg; x=1", "audio/mpeg"),
        ("text/html", "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
def test_nothing_that_a_browser_would_run_is_passed_on(said: str | None, passed: str) -> None:
    assert sound_type(said) == passed


@pytest.mark.req("P.7")
async def test_the_number_of_a_call_that_we_started_is_masked_as_its_lead_is(line: Exchange) -> None:
    ann = uuid7()
    await line.api.hire("ann", operator_id=ann)
    view = await line.call(lead_id=await line.lead(), phone=None)
    await line.api.ok("PUT", "/masking?desk=demo", {"lists": True})
    strange = (await line.api.call("GET", f"/calls/{view['id']}", role="operator", desks=["demo"])).json()
    await line.db.pool.execute("UPDATE lead SET owner_id = $1", ann)
    own = (await line.api.call("GET", f"/calls/{view['id']}", role="operator", desks=["demo"])).json()
    assert ("***" in strange["to_number"], own["to_number"]) == (True, view["to_number"])
