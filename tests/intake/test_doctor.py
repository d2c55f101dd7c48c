"""The form doctor: what came, what is understood of it, how to mend the rest, and what a sender pastes."""

from datetime import timedelta
from typing import TypeAlias

import pytest

from tests.intake.api import Api, order

Json: TypeAlias = "dict[str, object]"


async def doctor(api: Api) -> Json:
    source_id = await api.ctx.core.db.pool.fetchval("SELECT id FROM source")
    return await api.ok("GET", f"/sources/{source_id}/doctor")


def listed(document: Json, name: str) -> list[Json]:
    found = document[name]
    assert isinstance(found, list)
    return found


async def test_a_day_adds_up(api: Api) -> None:
    url = await api.source(test_prefixes=["999"])
    for body in (
        order("1"),
        order("1"),
        order("2", "+9991234567"),
        {"name": "Anna"},
        order("3", "8 916 123-45-68"),
    ):
        await api.deliver(url, body)
    today = listed(await doctor(api), "days")[0]
    counts = {name: today[name] for name in ("received", "accepted", "repeats", "tests", "noted", "quarantined")}
    assert counts == {"received": 5, "accepted": 2, "repeats": 1, "tests": 1, "noted": 0, "quarantined": 1}


async def test_days_are_those_of_the_source(api: Api) -> None:
    url = await api.source(zone="Asia/Vladivostok")
    api.clock.advance(timedelta(hours=5))  # 14:14 UTC: past midnight there
    await api.deliver(url, order())
    assert [(day["day"], day["received"]) for day in listed(await doctor(api), "days")][:2] == [
        ("2026-03-03", 1), ("2026-03-02", 0),
    ]  # fmt: skip


async def test_a_delivery_is_shown_as_it_came_and_as_it_is_understood(api: Api) -> None:
    url = await api.source()
    await api.deliver(
        url, {"phone": "8 916 123-45-67 Viber", "total": "1 990 руб.", "product": "Крем", "name": "Анна"}
    )
    [one] = listed(await doctor(api), "deliveries")
    [understood] = listed(one, "understood")
    assert "Viber" in str(one["delivery"])
    assert [understood[name] for name in ("name", "phone", "phone_raw", "amount", "currency")] == [
        "Анна", "+79161234567", "8 916 123-45-67 Viber", "1990.00", "RUB",
    ]  # fmt: skip


async def mended(api: Api, url: str, body: object, field: str) -> object:
    """Deliver, apply what the doctor says of a field, and return its patch."""
    await api.deliver(url, body)
    examined = listed(await doctor(api), "deliveries")[0]
    patch = next(mend["patch"] for mend in listed(examined, "mends") if mend["field"] == field)
    [source] = await api.ctx.core.db.pool.fetch("SELECT id, version FROM source")
    await api.ok("PATCH", f"/sources/{source['id']}", patch, headers={"if-match": f'"{source["version"]}"'})
    return patch


async def test_a_number_under_another_name_is_found_and_its_patch_mends_it(api: Api) -> None:
    patch = await mended(api, await api.source(), {"client_line": "8 916 123-45-67", "name": "Анна"}, "phone")
    done = await api.ok("POST", "/reruns", {})
    names = ["client_line", "customer.phone", "phone", "tel"]
    assert (patch, done["by_disposition"]) == ({"config": {"field_map": {"phone": names}}}, {"accepted": 1})


async def test_a_mend_leaves_alone_what_was_understood_before(api: Api) -> None:
    url = await api.source()
    await mended(api, url, {"client_line": "8 916 123-45-67", "name": "Анна"}, "phone")
    await mended(api, url, order(status="Думает"), "status")
    await mended(api, url, order(status="Ждёт"), "status")
    said = [{"phone": "+79161234501"}, {"client_line": "+79161234502"}, order(status="Думает")]
    assert [(await api.deliver(url, body))["disposition"] for body in said] == ["accepted"] * 3


async def test_what_no_rule_reads_is_listed_with_the_names_like_it(api: Api) -> None:
    body = {"phone": "8 916 123-45-67", "customer": {"fistname": "Анна"}, "kommentar": "звонить", "Empty": "",
            "utm_source": "vk", "Price": "1990", "items": [{"title": "Крем"}]}  # fmt: skip
    await api.deliver(await api.source(), body)
    [one] = listed(await doctor(api), "deliveries")
    first, second = listed(one, "unread")
    assert (first["name"], second) == ("customer.fistname", {"name": "kommentar", "alike": []})
    assert "first_name" in str(first["alike"])


async def test_a_number_beside_a_phone_that_is_none_is_found_too(api: Api) -> None:
    body = {"phone": "перезвоните", "client_line": "8 916 123-45-67"}
    patch = await mended(api, await api.source(), body, "phone")
    assert patch == {"config": {"field_map": {"phone": ["client_line", "phone"]}}}


@pytest.mark.parametrize(("body", "field", "code"), [
    ({"name": "Anna"}, "phone", "missing"), (order(status="odd"), "status", "unknown_status"),
    (order(total="много"), "amount", "not_an_amount"), ([1], "body", "not_an_object"),
])  # fmt: skip
async def test_what_was_refused_has_a_mend_in_both_languages(api: Api, body: object, field: str, code: str) -> None:
    await api.deliver(await api.source(), body)
    mends = listed(listed(await doctor(api), "deliveries")[0], "mends")
    texts = [mend["text"] for mend in mends if (mend["field"], mend["code"]) == (field, code)]
    assert len(texts) == 1
    assert all(isinstance(text, dict) and text["ru"] and text["en"] for text in texts)


@pytest.mark.parametrize("kind", ["form", "fetch", "php", "tilda", "getcourse"])
@pytest.mark.parametrize("auth", ["none", "token"])
async def test_snippets_have_the_address_of_the_source(api: Api, kind: str, auth: str) -> None:
    url = await api.source(auth=auth)
    texts = {snippet["kind"]: str(snippet["text"]) for snippet in listed(await doctor(api), "snippets")}
    assert f"http://test{url}" in texts[kind]
    assert ("?token=<token>" in texts[kind]) == (auth == "token")


async def test_only_an_administrator_asks_the_doctor(api: Api) -> None:
    await api.source()
    source_id = await api.ctx.core.db.pool.fetchval("SELECT id FROM source")
    supervisor = await api.call("GET", f"/sources/{source_id}/doctor", role="supervisor", desks=["demo"])
    unknown = await api.call("GET", "/sources/00000000-0000-0000-0000-000000000001/doctor")
    assert (supervisor.status_code, unknown.status_code) == (403, 404)


async def test_the_doctor_says_how_the_source_is_rehearsed(api: Api) -> None:
    await api.source()
    source_id = await api.ctx.core.db.pool.fetchval("SELECT id FROM source")
    command, first, *others = str((await doctor(api))["rehearsal"]).splitlines()
    assert (command, len(others)) == ("dozvon source rehearse demo landing", 3)
    assert f"http://test/intake/v1/sources/{source_id}/test-lead?dry_run" in first


async def test_two_mends_of_one_delivery_do_not_undo_each_other(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, {"client_line": "8 916 123-45-67", "client_mail": "anna@example.org"})
    mends = listed(listed(await doctor(api), "deliveries")[0], "mends")
    for mend in mends:
        [source] = await api.ctx.core.db.pool.fetch("SELECT id, version FROM source")
        tag = {"if-match": f'"{source["version"]}"'}
        await api.ok("PATCH", f"/sources/{source['id']}", mend["patch"], headers=tag)
    field_map = await api.ctx.core.db.pool.fetchval("SELECT field_map FROM source")
    assert {mend["field"] for mend in mends} == set(field_map) == {"phone", "email"}
