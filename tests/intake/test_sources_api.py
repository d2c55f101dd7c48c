"""Sources over HTTP: administrators only, secrets shown once."""

import asyncio

import pytest

from services.intake.sources import cache
from tests.intake.api import Api, new_source, order


async def make(api: Api, **members: object) -> dict[str, object]:
    return await api.ok("POST", "/sources", {**new_source("landing"), **members})


async def test_a_secret_is_shown_once(api: Api) -> None:
    made = await make(api, auth="signature")
    seen = await api.ok("GET", f"/sources/{made['id']}")
    assert str(made["secret"]).startswith("whsec_")
    assert str(made["secret"]) not in str(seen)
    assert isinstance(seen["secrets"], list)
    assert seen["secrets"][0]["valid_until"] is None


async def test_a_source_without_proof_has_no_secret(api: Api) -> None:
    made = await make(api)
    answer = await api.call("POST", f"/sources/{made['id']}/rotate", {})
    assert (made["secret"], answer.status_code, answer.json()["code"]) == (None, 409, "no_secret")


async def test_a_known_code_of_the_desk_is_a_conflict_that_names_the_existing(api: Api) -> None:
    made = await make(api)
    answer = await api.call("POST", "/sources", new_source("landing"))
    assert (answer.status_code, answer.json()["code"], answer.json()["existing"]) == (
        409,
        "already_exists",
        made["id"],
    )


@pytest.mark.parametrize(("members", "pointer"), [
    ({"zone": "Moscow"}, "/zone"), ({"field_map": {"telephone": "x"}}, "/field_map"),
    ({"status_map": {"x": "odd"}}, "/status_map/x"), ({"format": "fax"}, "/config"),
    ({"test_prefixes": ["+972"]}, "/test_prefixes/0"), ({"extra": 1}, "/extra"),
])  # fmt: skip
async def test_what_is_wrong_with_a_source_is_named(api: Api, members: dict[str, object], pointer: str) -> None:
    answer = await api.call("POST", "/sources", {**new_source("landing"), **members})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)


async def test_a_stale_change_is_refused_with_the_present_state(api: Api) -> None:
    made = await make(api)
    path = f"/sources/{made['id']}"
    await api.ok("PATCH", path, {"playbook": "other"}, headers={"if-match": '"1"'})
    answer = await api.call("PATCH", path, {"playbook": "third"}, headers={"if-match": '"1"'})
    assert (answer.status_code, answer.json()["current"]["playbook"]) == (412, "other")


async def test_a_change_counts_for_the_next_delivery(api: Api) -> None:
    made = await make(api)
    await api.deliver(str(made["hook"]), order("1"))
    await api.ok("PATCH", f"/sources/{made['id']}", {"playbook": "other"}, headers={"if-match": '"1"'})
    await api.deliver(str(made["hook"]), order("2", "8 916 000-00-00"))
    playbooks = await api.ctx.core.db.pool.fetch("SELECT playbook FROM lead ORDER BY id")
    assert [row["playbook"] for row in playbooks] == ["callback", "other"]


async def test_another_process_changes_are_known_after_two_seconds(api: Api) -> None:
    made = await make(api)
    await api.ctx.core.db.pool.execute("UPDATE source SET active = false")
    api.ctx.sources._read_at -= 3
    assert (await api.send("POST", str(made["hook"]), body=order())).status_code == 404


async def test_all_who_find_the_sources_old_wait_for_one_read(api: Api) -> None:
    url, sources = await api.source(), api.ctx.sources
    sources._read_at -= 3
    before = sources._asked
    found = await asyncio.gather(*(sources.get(url.rpartition("/")[2]) for _ in range(20)))
    assert (all(found), sources._asked - before) == (True, 1)


async def test_a_slow_older_read_does_not_undo_a_newer(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    url, sources = await api.source(), api.ctx.sources
    monkeypatch.setattr(cache, "READ", "SELECT s.* FROM source s, pg_sleep(0.5)")
    older = asyncio.create_task(sources.refresh())
    await asyncio.sleep(0.2)
    monkeypatch.undo()
    await api.ctx.core.db.pool.execute("UPDATE source SET active = false")
    await sources.refresh()
    await older
    known = await sources.get(url.rpartition("/")[2])
    assert known is not None
    assert not known.source.active


async def test_who_calls_is_asked_before_what_they_saw(api: Api) -> None:
    made = await make(api)
    assert (await api.send("PATCH", f"/intake/v1/sources/{made['id']}", body={})).status_code == 401


@pytest.mark.req("U7")
async def test_the_document_says_how_a_sender_proves_itself(api: Api) -> None:
    document = (await api.send("GET", "/intake/openapi.json")).json()
    webhook = document["paths"]["/intake/v1/hooks/{source_key}"]["post"]
    schemes = document["components"]["securitySchemes"]
    ways = [schemes[name]["name"] for one in webhook["security"][:2] for name in one]
    assert (ways, {"401", "404", "429"} <= webhook["responses"].keys()) == (["X-Source-Token", "token"], True)


async def test_one_spoiled_row_leaves_the_other_sources_open(api: Api) -> None:
    good = await make(api)
    await make(api, code="bad")
    await api.ctx.core.db.pool.execute("UPDATE source SET zone = 'nowhere' WHERE code = 'bad'")
    await api.ctx.sources.refresh()
    assert (await api.deliver(str(good["hook"]), order()))["disposition"] == "accepted"


async def test_a_secret_stops_at_the_end_of_its_grace(api: Api) -> None:
    made = await make(api, auth="token")
    await api.ok("POST", f"/sources/{made['id']}/rotate", {"grace_seconds": 0})
    answer = await api.send(
        "POST", str(made["hook"]), body=order(), headers={"x-source-token": str(made["secret"])}
    )
    assert answer.status_code == 401


@pytest.mark.req("P.6")
@pytest.mark.parametrize("role", ["operator", "supervisor", "service", "partner"])
async def test_sources_are_for_administrators(api: Api, role: str) -> None:
    assert (await api.call("GET", "/sources", role=role, desks=["demo"])).status_code == 403


async def test_sources_are_listed_by_desk_in_pages(api: Api) -> None:
    for code in ("a", "b", "c"):
        await make(api, code=code)
    await make(api, desk="other")
    first = await api.ok("GET", "/sources?desk=demo&limit=2")
    rest = await api.ok("GET", f"/sources?desk=demo&limit=2&cursor={first['next_cursor']}")
    codes = [item["code"] for page in (first, rest) for item in page["items"]]  # type: ignore[attr-defined] # JSON lists
    assert codes == ["a", "b", "c"]


async def test_the_same_request_with_its_key_makes_one_source(api: Api) -> None:
    headers = {"idempotency-key": "k-1"}
    both = [await api.call("POST", "/sources", new_source("landing"), headers=headers) for _ in "ab"]
    assert [answer.status_code for answer in both] == [201, 201]
    assert both[0].json()["id"] == both[1].json()["id"]
