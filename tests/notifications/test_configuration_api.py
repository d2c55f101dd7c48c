"""A desk's configuration at notifications over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from libs.common.platform.db import Database
from services.notifications.configuration.queries import read_desk
from tests.notifications.api import Api, running_api
from tests.notifications.support import DESK, open_desk, requested, worker

PATH = f"/desks/{DESK}/configuration"
WAZZUP = {"provider": "wazzup", "api_key": "key-of-the-desk", "provider_channel_id": "c-1"}
GREETING = {"bodies": {"ru": "Здравствуйте, {name}!", "en": "Hello {name}!"}}
WHOLE: dict[str, Any] = {
    "channels": {"main": {"config": WAZZUP, "rate_5s": 100}},
    "templates": {"greeting": GREETING, "reminder": {"bodies": {"ru": "Ждём вас"}}},
}


@pytest.fixture
async def api(notifications_db: Database) -> AsyncIterator[Api]:
    async with running_api(notifications_db) as opened:
        yield opened


async def plan(api: Api, document: object, **options: str) -> httpx.Response:
    return await api.call("POST", PATH, document, **options)


async def apply(api: Api, document: object, tag: str) -> httpx.Response:
    return await api.call("POST", f"{PATH}?mode=apply", document, if_match=tag)


async def planned_and_applied(api: Api, document: object) -> httpx.Response:
    return await apply(api, document, (await plan(api, document)).headers["etag"])


def with_config(**members: object) -> dict[str, Any]:
    """Return the document with members of its channel's configuration; None leaves one out."""
    config = {name: value for name, value in {**WAZZUP, **members}.items() if value is not None}
    return {**WHOLE, "channels": {"main": {"config": config, "rate_5s": 100}}}


def with_greeting(**bodies: str) -> dict[str, Any]:
    return {**WHOLE, "templates": {**WHOLE["templates"], "greeting": {"bodies": bodies}}}


def changes(answer: httpx.Response) -> list[tuple[str, str, list[str]]]:
    return [(each["action"], each["code"], each["fields"]) for each in answer.json()["changes"]]


def faults(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]]


async def channel_of(api: Api) -> dict[str, Any]:
    (found,) = (await api.call("GET", "/channels")).json()["items"]
    shown: dict[str, Any] = found
    return shown


async def versions(api: Api, code: str = "greeting") -> list[tuple[int, str]]:
    listed = (await api.call("GET", f"/templates?code={code}")).json()["items"]
    return [(each["version"], each["state"]) for each in listed]


async def test_a_plan_says_what_applying_would_do_and_does_nothing(api: Api) -> None:
    planned = await plan(api, WHOLE)
    assert changes(planned) == [("create", "main", []), ("create", "greeting", []), ("create", "reminder", [])]
    left = [(await api.call("GET", path)).json()["items"] for path in ("/channels", "/templates")]
    assert (left, planned.json()["hooks"]) == ([[], []], {})


async def test_applying_makes_channels_and_templates_in_use(api: Api) -> None:
    applied = await planned_and_applied(api, WHOLE)
    made, template = await channel_of(api), (await api.call("GET", "/templates/greeting")).json()
    assert (made["code"], made["kind"], made["rate_5s"], made["active"]) == ("main", "whatsapp", 100, True)
    assert (template["approved"]["bodies"], template["approved"]["approved_by"]) == (GREETING["bodies"], "admin")
    assert applied.json()["hooks"] == {"main": made["hook_path"]}


async def test_applying_again_changes_nothing_and_proposes_no_version(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    before = (await channel_of(api))["version"]
    again = await planned_and_applied(api, WHOLE)
    assert (changes(again), await versions(api)) == ([], [(1, "approved")])
    assert (await channel_of(api))["version"] == before


async def test_what_is_exported_can_be_applied_and_changes_nothing(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    exported = await api.call("GET", PATH)
    planned = await plan(api, exported.json()["document"])
    assert (changes(planned), planned.headers["etag"]) == ([], exported.headers["etag"])


async def test_a_document_that_names_neither_leaves_both(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    assert changes(await plan(api, {})) == []


@pytest.mark.parametrize(
    ("document", "changed"),
    [
        (with_config(api_key="another-key"), ("change", "main", ["config"])),
        (with_config(provider_channel_id="c-2"), ("change", "main", ["config"])),
        ({**WHOLE, "channels": {"main": {"config": WAZZUP, "rate_5s": 7}}}, ("change", "main", ["rate_5s"])),
        (with_greeting(ru="Привет, {name}!"), ("change", "greeting", ["bodies"])),
        ({**WHOLE, "channels": {}}, ("retire", "main", [])),
        ({**WHOLE, "templates": {"greeting": GREETING}}, ("retire", "reminder", [])),
    ],
)
async def test_a_change_names_the_fields_that_differ(
    api: Api, document: object, changed: tuple[str, str, list[str]]
) -> None:
    await planned_and_applied(api, WHOLE)
    assert changes(await planned_and_applied(api, document)) == [changed]
    assert changes(await plan(api, document)) == []


async def test_a_secret_that_is_left_out_stays(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    without = with_config(api_key=None, provider_channel_id="c-2")
    await planned_and_applied(api, without)
    assert changes(await plan(api, with_config(provider_channel_id="c-2"))) == []


async def test_secrets_never_come_out_nor_are_logged(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    secret = WAZZUP["api_key"]
    answers = [await planned_and_applied(api, WHOLE), await plan(api, with_config(api_key=f"{secret}\n"))]
    answers += [await apply(api, WHOLE, '"old"'), await api.call("GET", PATH), await plan(api, WHOLE)]
    assert [answer.status_code for answer in answers] == [200, 422, 412, 200, 200]
    assert not [answer for answer in answers if secret in answer.text + str(answer.headers)]
    assert secret not in "".join(capfd.readouterr())


async def test_a_plan_s_tag_is_made_of_no_secret(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    async with api.ctx.core.db.begin() as tx:
        found = await read_desk(tx, DESK, api.ctx.core.keys)
    assert (WAZZUP["api_key"] in found.part.model_dump_json() + found.stamp, bool(found.stamp)) == (False, True)


async def test_another_change_of_a_secret_makes_a_plan_stale(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    document = with_config(api_key="mine")
    tag = (await plan(api, document)).headers["etag"]
    made = await channel_of(api)
    body = {"config": {"api_key": "theirs"}}
    await api.call("PATCH", f"/channels/{made['id']}", body, if_match=f'"{made["version"]}"')
    assert (await apply(api, document, tag)).status_code == 412


async def test_what_was_planned_before_another_change_is_not_applied(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    document = with_greeting(ru="Привет!")
    tag = (await plan(api, document)).headers["etag"]
    await planned_and_applied(api, with_greeting(ru="Добрый день!"))
    late = await apply(api, document, tag)
    now = late.json()["current"]["templates"]["greeting"]["bodies"]
    assert (late.status_code, now, await versions(api)) == (
        412, {"ru": "Добрый день!"}, [(2, "approved"), (1, "approved")],
    )  # fmt: skip


async def test_of_two_who_apply_one_plan_one_is_refused(api: Api) -> None:
    tag, barrier = (await plan(api, WHOLE)).headers["etag"], asyncio.Barrier(2)

    async def at_once() -> int:
        await barrier.wait()
        return (await apply(api, WHOLE, tag)).status_code

    assert sorted(await asyncio.gather(at_once(), at_once())) == [200, 412]
    assert await versions(api) == [(1, "approved")]


async def test_an_approval_at_the_same_time_is_seen_or_comes_after(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    await api.call("POST", "/templates", {"desk": DESK, "code": "greeting", "bodies": {"ru": "Иначе"}})
    document, barrier = with_greeting(ru="По файлу"), asyncio.Barrier(2)
    tag = (await plan(api, document)).headers["etag"]

    async def at_once(call: str) -> int:
        await barrier.wait()
        path = "/templates/greeting/versions/2/approve"
        return (await (apply(api, document, tag) if call == "file" else api.call("POST", path))).status_code

    by_file, by_hand = await asyncio.gather(at_once("file"), at_once("hand"))
    assert (by_file, by_hand) in {(412, 200), (200, 409)}


async def test_applying_without_a_plan_is_428(api: Api) -> None:
    refused = await api.call("POST", f"{PATH}?mode=apply", WHOLE)
    assert (refused.status_code, refused.json()["code"]) == (428, "version_required")


async def test_all_faults_of_all_channels_and_templates_are_named_and_nothing_is_changed(api: Api) -> None:
    channels = {
        "first": {"config": {**WAZZUP, "api_key": "два слова", "colour": "red"}},
        "second": {"config": {"provider": "pigeon"}},
        "third": {"config": WAZZUP, "kind": "sms"},
        "fourth": {"config": {"provider": "wazzup", "provider_channel_id": "c"}},
    }
    templates = {"greeting": {"bodies": {"ru": "{oops", "en": " "}}, "reminder": WHOLE["templates"]["reminder"]}
    refused = await plan(api, {"channels": channels, "templates": templates})
    assert (refused.status_code, sorted(faults(refused))) == (422, [
        ("/channels/first/config/api_key", "value_error"), ("/channels/first/config/colour", "extra_forbidden"),
        ("/channels/fourth/config/api_key", "missing"), ("/channels/second/config/provider", "union_tag_invalid"),
        ("/channels/third/kind", "not_served"),
        ("/templates/greeting/bodies/en", "blank"), ("/templates/greeting/bodies/ru", "stray_brace"),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("channel", "pointer"),
    [
        ({"config": {**WAZZUP, "provider": "smsaero"}}, "/channels/main/config/provider"),
        ({"config": WAZZUP, "kind": "sms"}, "/channels/main/kind"),
    ],
)
async def test_provider_and_kind_of_a_channel_cannot_change(
    api: Api, channel: dict[str, object], pointer: str
) -> None:
    await planned_and_applied(api, WHOLE)
    assert faults(await plan(api, {"channels": {"main": channel}})) == [(pointer, "read_only")]


@pytest.mark.req("U22")
async def test_what_is_not_named_is_retired_and_comes_back_when_it_is(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    before = await channel_of(api)
    await planned_and_applied(api, {"channels": {}, "templates": {}})
    retired = (await channel_of(api))["active"], await versions(api)
    again = await planned_and_applied(api, with_config(api_key=None))
    after = await channel_of(api)
    assert retired == (False, [(1, "retired")])
    assert [change[:2] for change in changes(again)] == [
        ("create", code) for code in ("main", "greeting", "reminder")
    ]
    assert (after["id"], after["hook_path"], after["active"]) == (before["id"], before["hook_path"], True)
    assert await versions(api) == [(2, "approved"), (1, "retired")]


async def test_a_proposal_with_the_texts_of_the_document_is_approved_itself(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    await api.call("POST", "/templates", {"desk": DESK, "code": "greeting", "bodies": {"ru": "Привет!"}})
    await planned_and_applied(api, with_greeting(ru="Привет!"))
    assert await versions(api) == [(2, "approved"), (1, "approved")]


async def test_a_proposal_that_waits_for_its_approval_is_no_business_of_a_document(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    await api.call("POST", "/templates", {"desk": DESK, "code": "new", "bodies": {"ru": "Новый"}})
    assert changes(await planned_and_applied(api, WHOLE)) == []
    assert await versions(api, "new") == [(1, "proposed")]


async def test_a_channel_with_another_secret_sends_again_after_a_halt(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    await api.ctx.core.db.pool.execute("UPDATE channel SET halted_code = 'wrong_key', halted_at = now()")
    await planned_and_applied(api, with_config(api_key="the-right-key"))
    assert (await channel_of(api))["halted_code"] is None


async def test_variants_are_texts_too(api: Api) -> None:
    variants = {"sms": {"bodies": {"ru": "Коротко"}}}
    document = {"templates": {"greeting": {**GREETING, "variants": variants}}}
    await planned_and_applied(api, document)
    broken = {"templates": {"greeting": {**GREETING, "variants": {"sms": {"bodies": {"ru": "}"}}}}}}
    assert changes(await plan(api, document)) == []
    assert faults(await plan(api, broken)) == [("/templates/greeting/variants/sms/bodies/ru", "stray_brace")]


async def test_messages_leave_by_channels_and_templates_of_a_document(notifications_db: Database) -> None:
    async with open_desk(notifications_db) as desk, running_api(notifications_db) as api:
        exported = (await api.call("GET", PATH)).json()["document"]
        texts = {"bodies": {"ru": "По файлу"}}
        await planned_and_applied(api, {**exported, "templates": {"order_received": texts}})
        async with worker(desk.context()):
            await desk.request(requested())
            await desk.until("read")
        (row,) = await desk.rows("SELECT text FROM message")
    assert row["text"] == "По файлу"


async def test_a_number_that_another_desk_writes_from_is_named_at_its_channel(api: Api) -> None:
    other = {"desk": "other", "code": "main", "config": WAZZUP}
    assert (await api.call("POST", "/channels", other, desk="other")).status_code == 201
    assert faults(await plan(api, WHOLE)) == [("/channels/main/config", "sender_taken")]


@pytest.mark.req("P.6")
async def test_only_administrators_configure(api: Api) -> None:
    answers = [await plan(api, WHOLE, role="supervisor"), await api.call("GET", PATH, role="supervisor")]
    assert [answer.status_code for answer in answers] == [403, 403]


async def test_a_channel_gets_another_code_in_one_document(api: Api) -> None:
    await planned_and_applied(api, WHOLE)
    renamed = {**WHOLE, "channels": {"a-new-name": WHOLE["channels"]["main"]}}
    done = await planned_and_applied(api, renamed)
    assert changes(done)[:2] == [("create", "a-new-name", []), ("retire", "main", [])]


@pytest.mark.req("P.14")
async def test_when_the_desk_writes_is_part_of_the_document_and_may_be_taken_away(api: Api) -> None:
    hours = {"quiet": {"starts": "21:00", "ends": "09:00"}, "marketing_a_week": 2, "doubt": "candidates"}
    applied = await planned_and_applied(api, {**WHOLE, "sending": hours})
    exported = (await api.call("GET", PATH)).json()["document"]
    again = await plan(api, exported)
    cleared = await planned_and_applied(api, {**WHOLE, "sending": {}})
    assert ("change", "hours", ["quiet", "marketing_a_week", "doubt"]) in changes(applied)
    assert (exported["sending"], changes(again)) == ({**hours, "marketing_quiet": None}, [])
    assert changes(cleared) == [("change", "hours", ["quiet", "marketing_a_week", "doubt"])]


async def test_a_night_that_never_ends_is_refused(api: Api) -> None:
    refused = await plan(api, {**WHOLE, "sending": {"quiet": {"starts": "21:00", "ends": "21:00"}}})
    assert [pointer for pointer, _ in faults(refused)] == ["/sending/quiet"]


@pytest.mark.req("P.7")
async def test_for_how_long_a_desk_keeps_what_names_persons_is_a_part_of_its_file(api: Api) -> None:
    made = await planned_and_applied(api, {"retention": {"messages": 30}})
    exported = (await api.call("GET", PATH)).json()["document"]
    again, silent = await planned_and_applied(api, exported), await planned_and_applied(api, {})
    assert [(each["kind"], each["fields"]) for each in made.json()["changes"]] == [("retention", ["messages"])]
    assert (exported["retention"], again.json()["changes"], silent.json()["changes"]) == (
        {"messages": 30, "callbacks": None}, [], [],
    )  # fmt: skip
