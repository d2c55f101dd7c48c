"""A desk's configuration at intake over HTTP."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.intake.configuration.queries import read_desk
from services.intake.context import Context
from services.intake.sources.schemas import SourceIn
from tests.intake.api import MOSCOW, Api, order
from tests.intake.test_active_playbooks import activated
from tests.intake.test_partners import a_partner

PATH = "/desks/demo/configuration"
TOKEN = "a-token-of-the-client"
LANDING: dict[str, Any] = {"config": {"format": "landing"}, "playbook": "callback", "zone": MOSCOW}
SHOP: dict[str, Any] = {**LANDING, "config": {"format": "landing", "auth": "none"}, "rate_per_second": 5}
WHOLE: dict[str, Any] = {"sources": {"landing": LANDING, "shop": SHOP}}


@pytest_asyncio.fixture
async def api(ctx: Context) -> Api:
    """The service, to which the desk's playbook is known."""
    opened = Api(ctx)
    await opened.hear(activated())
    return opened


async def plan(api: Api, document: object, role: str = "admin") -> httpx.Response:
    return await api.call("POST", PATH, document, role=role, desks=("demo",))


async def apply(api: Api, document: object, tag: str) -> httpx.Response:
    return await api.call("POST", f"{PATH}?mode=apply", document, headers={"if-match": tag})


async def planned_and_applied(api: Api, document: object) -> httpx.Response:
    return await apply(api, document, (await plan(api, document)).headers["etag"])


def with_landing(**members: object) -> dict[str, Any]:
    return {"sources": {"landing": {**LANDING, **members}, "shop": SHOP}}


def changes(answer: httpx.Response) -> list[tuple[str, str, list[str]]]:
    return [(each["action"], each["code"], each["fields"]) for each in answer.json()["changes"]]


def faults(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]]


async def sources(api: Api) -> dict[str, dict[str, Any]]:
    return {each["code"]: each for each in (await api.call("GET", "/sources")).json()["items"]}


async def posted(api: Api, webhook: str, token: str = "", number: int = 1) -> int:
    answer = await api.send("POST", webhook, body=order(f"lp-{number}"), headers={"x-source-token": token})
    return answer.status_code


async def test_a_plan_says_what_applying_would_do_and_does_nothing(api: Api) -> None:
    planned = await plan(api, WHOLE)
    assert changes(planned) == [("create", "landing", []), ("create", "shop", [])]
    assert (planned.json()["hooks"], planned.json()["secrets"], await sources(api)) == ({}, {}, {})


async def test_applying_makes_sources_that_take_deliveries_with_the_secret_that_was_made(api: Api) -> None:
    applied = (await planned_and_applied(api, WHOLE)).json()
    assert (set(applied["hooks"]), set(applied["secrets"])) == ({"landing", "shop"}, {"landing"})
    token, webhooks = applied["secrets"]["landing"], applied["hooks"]
    answers = [await posted(api, webhooks["landing"], token), await posted(api, webhooks["landing"], "other")]
    assert [*answers, await posted(api, webhooks["shop"])] == [202, 401, 202]


async def test_applying_again_changes_nothing_and_shows_no_secret(api: Api) -> None:
    first = (await planned_and_applied(api, WHOLE)).json()
    again = await planned_and_applied(api, WHOLE)
    assert (changes(again), again.json()["secrets"]) == ([], {})
    assert again.json()["hooks"] == first["hooks"]


async def test_what_is_exported_can_be_applied_and_changes_nothing(api: Api) -> None:
    await a_partner(api)
    await planned_and_applied(api, with_landing(partner="salon", test_prefixes=["100"]))
    exported = await api.call("GET", PATH)
    planned = await plan(api, exported.json()["document"])
    assert (changes(planned), planned.headers["etag"]) == ([], exported.headers["etag"])


async def test_a_document_has_every_member_that_a_new_source_takes(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    landing = (await api.call("GET", PATH)).json()["document"]["sources"]["landing"]
    assert set(landing) == set(SourceIn.model_fields) - {"desk", "code"}


async def test_a_document_that_names_no_sources_leaves_them(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    assert changes(await plan(api, {})) == []


async def test_members_may_stand_beside_as_where_a_source_is_made(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    flat = {"format": "landing", "auth": "token", "playbook": "callback", "zone": MOSCOW}
    assert changes(await plan(api, {"sources": {"landing": flat, "shop": SHOP}})) == []


@pytest.mark.parametrize(
    ("document", "changed"),
    [
        (with_landing(zone="Asia/Omsk", rate_per_second=7), ("change", "landing", ["zone", "rate_per_second"])),
        (with_landing(config={"format": "landing", "currency": "USD"}), ("change", "landing", ["config"])),
        (with_landing(secret=TOKEN), ("change", "landing", ["secret"])),
        ({"sources": {"landing": LANDING}}, ("retire", "shop", [])),
    ],
)
async def test_a_change_names_the_fields_that_differ(
    api: Api, document: object, changed: tuple[str, str, list[str]]
) -> None:
    await planned_and_applied(api, WHOLE)
    assert changes(await planned_and_applied(api, document)) == [changed]
    assert changes(await plan(api, document)) == []


async def test_a_member_that_is_left_out_has_its_usual_value_again(api: Api) -> None:
    await a_partner(api)
    await planned_and_applied(api, with_landing(partner="salon", region="KZ"))
    assert changes(await planned_and_applied(api, WHOLE)) == [("change", "landing", ["partner", "region"])]
    landing = (await sources(api))["landing"]
    assert (landing["partner"], landing["region"]) == (None, "RU")


async def test_a_secret_of_the_document_is_the_token_and_the_one_before_works_for_a_day(api: Api) -> None:
    first = (await planned_and_applied(api, WHOLE)).json()
    second = (await planned_and_applied(api, with_landing(secret=TOKEN))).json()
    webhook, tokens = first["hooks"]["landing"], (first["secrets"]["landing"], TOKEN)
    assert second["secrets"] == {}
    assert [await posted(api, webhook, token, number) for number, token in enumerate(tokens)] == [202, 202]


async def test_secrets_never_come_out_nor_are_logged(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    document = with_landing(secret=TOKEN)
    answers = [await planned_and_applied(api, document), await plan(api, with_landing(secret=TOKEN, zone="x"))]
    answers += [await apply(api, document, '"old"'), await api.call("GET", PATH), await plan(api, document)]
    assert [answer.status_code for answer in answers] == [200, 422, 412, 200, 200]
    assert not [answer for answer in answers if TOKEN in answer.text + str(answer.headers)]
    assert TOKEN not in "".join(capfd.readouterr())


async def test_a_plan_s_tag_is_made_of_no_secret(api: Api) -> None:
    await planned_and_applied(api, with_landing(secret=TOKEN))
    async with api.ctx.core.db.begin() as tx:
        found = await read_desk(tx, "demo")
    assert (TOKEN in found.part.model_dump_json() + found.stamp, bool(found.stamp)) == (False, True)


@pytest.mark.parametrize(
    ("landing", "fault"),
    [
        ({**LANDING, "secret": "short"}, ("/sources/landing/secret", "too_short")),
        ({**SHOP, "secret": TOKEN}, ("/sources/landing/secret", "not_needed")),
        ({**LANDING, "zone": "Moscow"}, ("/sources/landing/zone", "value_error")),
        ({**LANDING, "partner": "salon"}, ("/sources/landing/partner", "unknown_partner")),
        ({**LANDING, "config": {"format": "mango", "api_key": "k"}}, ("/sources/landing/secret", "missing")),
        ({**LANDING, "extra": 1}, ("/sources/landing/extra", "extra_forbidden")),
    ],
)
async def test_what_is_wrong_with_a_source_is_named(api: Api, landing: object, fault: tuple[str, str]) -> None:
    refused = await plan(api, {"sources": {"landing": landing}})
    assert (refused.status_code, faults(refused)) == (422, [fault])


async def test_all_faults_of_all_sources_are_named_and_nothing_is_changed(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    document = {
        "sources": {
            "landing": {**LANDING, "config": {"format": "getcourse"}},
            "shop": {**SHOP, "partner": "salon"},
            "third": {**SHOP, "secret": TOKEN},
        }
    }
    assert sorted(faults(await plan(api, document))) == [
        ("/sources/landing/config/format", "read_only"),
        ("/sources/shop/partner", "unknown_partner"),
        ("/sources/third/secret", "not_needed"),
    ]
    assert changes(await plan(api, WHOLE)) == []


async def test_what_was_planned_before_another_change_is_not_applied(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    document = with_landing(zone="Asia/Omsk")
    tag = (await plan(api, document)).headers["etag"]
    await planned_and_applied(api, with_landing(zone="Asia/Tomsk"))
    late = await apply(api, document, tag)
    assert (late.status_code, late.json()["current"]["sources"]["landing"]["zone"]) == (412, "Asia/Tomsk")


async def test_another_secret_by_another_call_makes_a_plan_stale(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    document = with_landing(secret=TOKEN)
    tag = (await plan(api, document)).headers["etag"]
    await api.ok("POST", f"/sources/{(await sources(api))['landing']['id']}/rotate", {})
    assert (await apply(api, document, tag)).status_code == 412


async def test_of_two_who_apply_one_plan_one_is_refused(api: Api) -> None:
    tag, barrier = (await plan(api, WHOLE)).headers["etag"], asyncio.Barrier(2)

    async def at_once() -> int:
        await barrier.wait()
        return (await apply(api, WHOLE, tag)).status_code

    assert sorted(await asyncio.gather(at_once(), at_once())) == [200, 412]
    assert len(await sources(api)) == 2


async def test_applying_without_a_plan_is_428(api: Api) -> None:
    refused = await api.call("POST", f"{PATH}?mode=apply", WHOLE)
    assert (refused.status_code, refused.json()["code"]) == (428, "version_required")


@pytest.mark.req("U22")
async def test_a_retired_source_takes_no_deliveries_and_comes_back_with_its_address_and_secret(api: Api) -> None:
    first = (await planned_and_applied(api, WHOLE)).json()
    webhook, token = first["hooks"]["landing"], first["secrets"]["landing"]
    await planned_and_applied(api, {"sources": {}})
    retired = await posted(api, webhook, token), {each["active"] for each in (await sources(api)).values()}
    again = await planned_and_applied(api, WHOLE)
    assert (retired, await api.count("lead")) == ((404, {False}), 0)
    assert changes(again) == [("create", "landing", []), ("create", "shop", [])]
    assert (again.json()["hooks"], await posted(api, webhook, token)) == (first["hooks"], 202)


def waiting(answer: httpx.Response) -> list[Mapping[str, object]]:
    found: list[Mapping[str, object]] = answer.json()["waits_for"]
    return found


@pytest.mark.parametrize(
    ("playbook", "nearest"), [("callback2", ["callback"]), ("calback", ["callback"]), ("other", [])]
)
async def test_a_plan_lists_the_playbooks_that_intake_has_not_heard_of(
    api: Api, playbook: str, nearest: list[str]
) -> None:
    planned = await plan(api, with_landing(playbook=playbook))
    expected = {"pointer": "/sources/landing/playbook", "playbook": playbook, "nearest": nearest}
    assert (planned.status_code, waiting(planned)) == (200, [expected])


@pytest.mark.parametrize("playbook", ["callback2", "other"])
async def test_a_name_that_may_be_on_its_way_is_not_known_yet_and_is_applied_once_it_is(
    api: Api, playbook: str
) -> None:
    document = with_landing(playbook=playbook)
    refused = await planned_and_applied(api, document)
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (
        409,
        "not_known_yet",
        "2",
    )
    assert [each["playbook"] for each in waiting(refused)] == [playbook]
    await api.hear(activated(playbook))
    assert (await planned_and_applied(api, document)).status_code == 200


async def test_of_a_desk_that_intake_has_not_heard_of_any_playbook_may_be_on_its_way(ctx: Context) -> None:
    refused = await planned_and_applied(Api(ctx), WHOLE)
    assert (refused.status_code, len(waiting(refused)), refused.headers["retry-after"]) == (409, 2, "2")


@pytest.mark.req("U5")
async def test_a_misspelt_playbook_is_refused_with_the_nearest_names(api: Api) -> None:
    refused = await planned_and_applied(api, with_landing(playbook="calback"))
    assert (refused.status_code, faults(refused)) == (422, [("/sources/landing/playbook", "unknown_playbook")])
    assert "callback" in refused.json()["errors"][0]["detail"]


async def test_a_source_that_waits_for_its_playbook_already_is_not_judged_again(api: Api) -> None:
    await api.ok("POST", "/sources", {"desk": "demo", "code": "landing", **LANDING})
    # As it stood before the desk had a playbook that looks like it.
    await api.ctx.core.db.pool.execute("UPDATE source SET playbook = 'calback'")
    applied = await planned_and_applied(api, with_landing(playbook="calback", zone="Asia/Omsk"))
    assert (applied.status_code, [each["playbook"] for each in waiting(applied)]) == (200, ["calback"])


@pytest.mark.req("P.6")
async def test_only_administrators_configure(api: Api) -> None:
    answers = [await plan(api, WHOLE, role="supervisor"), await api.call("GET", PATH, role="supervisor")]
    assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.req("U16")
async def test_sources_change_their_channels_for_one_another_s(api: Api) -> None:
    def of(landing: str | None, shop: str | None) -> object:
        return {"sources": {"landing": {**LANDING, "channel": landing}, "shop": {**SHOP, "channel": shop}}}

    early = await planned_and_applied(api, of("main", "second"))
    await api.channels("main", "second")
    await planned_and_applied(api, of("main", "second"))
    assert (early.status_code, early.json()["code"]) == (409, "not_known_yet")
    await planned_and_applied(api, of("second", "main"))
    assert [(await sources(api))[code]["channel"] for code in ("landing", "shop")] == ["second", "main"]
    assert faults(await plan(api, of("main", "main"))) == [("/sources/landing/channel", "channel_taken")]


SCHOOL: dict[str, Any] = {"config": {"format": "getcourse", "auth": "none"}, "playbook": "callback", "zone": MOSCOW}
ACCOUNT: dict[str, Any] = {"account": "acme", "api_key": "key-of-the-school"}


def with_school(**members: object) -> dict[str, Any]:
    return {"sources": {"academy": SCHOOL}, "schools": {"academy": {**ACCOUNT, **members}}}


@pytest.mark.req("S4.1", "U31")
async def test_a_schools_account_is_a_part_of_the_desk_and_its_key_is_not_shown(api: Api) -> None:
    made = await planned_and_applied(api, with_school())
    shown = (await api.call("GET", PATH)).json()["document"]["schools"]
    again = await planned_and_applied(api, {**with_school(), "schools": shown})
    other = await planned_and_applied(api, with_school(api_key="another-key", check_minutes=20))
    assert [changes(each) for each in (made, again, other)] == [
        [("create", "academy", []), ("create", "academy", [])], [],
        [("change", "academy", ["check_minutes", "api_key"])],
    ]  # fmt: skip
    keys = {"api_key": None, "webhook_key": None}
    assert shown == {"academy": {"account": "acme", "check_minutes": 30, **keys}}
    gone = await planned_and_applied(api, {"sources": {"academy": SCHOOL}, "schools": {}})
    assert (changes(gone), gone.json()["document"]["schools"].keys()) == ([("retire", "academy", [])], {"academy"})
    assert (await api.call("GET", PATH)).json()["document"]["schools"] == {}


async def test_a_schools_account_needs_its_source_and_at_first_its_key(api: Api) -> None:
    document = {"sources": {"academy": SCHOOL, "landing": LANDING},
                "schools": {"none": ACCOUNT, "landing": ACCOUNT, "academy": {"account": "acme"}}}  # fmt: skip
    assert sorted(faults(await plan(api, document))) == [
        ("/schools/academy/api_key", "missing"), ("/schools/landing/account", "no_school"),
        ("/schools/none", "unknown_source"),
    ]  # fmt: skip
