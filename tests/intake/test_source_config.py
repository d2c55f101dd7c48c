"""A source's configuration is its format's document; what the release before has made and changed counts."""

import pytest

from services.intake.formats.config import FIELDS
from services.intake.formats.registry import FORMATS
from tests.architecture.sources import ROOT
from tests.intake.api import Api, order

NEW = {"desk": "demo", "code": "site", "playbook": "callback", "zone": "Europe/Moscow"}
LANDING = {"format": "landing", "auth": "none"}


async def make(api: Api, **config: object) -> dict[str, object]:
    return await api.ok("POST", "/sources", {**NEW, "config": {**LANDING, **config}})


async def patch(api: Api, made: dict[str, object], body: object) -> dict[str, object]:
    return await api.ok("PATCH", f"/sources/{made['id']}", body, headers={"if-match": f'"{made["version"]}"'})


def config_of(view: dict[str, object]) -> dict[str, object]:
    config = view["config"]
    assert isinstance(config, dict)
    return config


async def test_a_change_of_one_member_leaves_the_others(api: Api) -> None:
    made = await make(api, currency="KZT", charset="koi8-r")
    known = config_of(await patch(api, made, {"config": {"field_map": {"phone": "tel"}}}))
    assert (known["currency"], known["charset"], known["field_map"]) == (
        "KZT",
        "koi8-r",
        {"phone": "tel"},
    )


async def test_members_beside_the_configuration_are_taken_as_before(api: Api) -> None:
    made = await api.ok("POST", "/sources", {**NEW, "format": "getcourse", "auth": "none", "currency": "KZT"})
    changed = await patch(api, made, {"status_map": {"odd": "new"}})
    assert config_of(changed) | {"field_map": {}} == {
        "format": "getcourse", "auth": "none", "currency": "KZT", "field_map": {}, "status_map": {"odd": "new"},
        "charset": None, "response": "json",
    }  # fmt: skip


async def test_members_beside_the_configuration_are_shown_as_before(api: Api) -> None:
    view = await make(api, currency="KZT", field_map={"phone": "tel"})
    assert (view["auth"], view["currency"], view["field_map"]) == ("none", "KZT", {"phone": "tel"})


@pytest.mark.parametrize(("config", "pointer"), [
    ({"format": "tilda"}, "/config/format"), ({"auth": "token"}, "/config/auth"),
    ({"currency": "x"}, "/config/currency"), ({"api_key": "x"}, "/config/api_key"),
    ({"field_map": {"telephone": "x"}}, "/config/field_map/telephone"),
])  # fmt: skip
async def test_a_change_that_the_format_does_not_take_is_named(
    api: Api, config: dict[str, object], pointer: str
) -> None:
    made = await make(api)
    answer = await api.call("PATCH", f"/sources/{made['id']}", {"config": config}, headers={"if-match": '"1"'})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_a_field_that_is_not_ours_is_named_with_those_like_it_and_all_that_are(
    api: Api, language: str
) -> None:
    config, speaks = {"field_map": {"phon": "tel", "klient": "fio"}}, {"accept-language": language}
    refused = await api.call("POST", "/sources", {**NEW, "config": {**LANDING, **config}}, headers=speaks)
    first, second = refused.json()["errors"]
    assert (first["pointer"], second["pointer"]) == ("/config/field_map/phon", "/config/field_map/klient")
    assert [part for part in ("phon", ": phone", ", ".join(FIELDS)) if part not in first["detail"]] == []


def test_the_guide_names_every_field_that_may_be_mapped() -> None:
    guide = (ROOT / "docs/guides/landing-page.md").read_text("utf-8")
    assert [name for name in FIELDS if f"`{name}`" not in guide] == []


async def test_a_source_that_the_release_before_has_made_is_open(api: Api) -> None:
    made = await make(api)
    await api.ctx.core.db.pool.execute("UPDATE source SET config = NULL, response = 'ok'")
    await api.ctx.sources.refresh()
    assert (await api.send("POST", str(made["hook"]), body=order())).text == "ok"


async def test_what_the_release_before_changes_counts(api: Api) -> None:
    made = await make(api, charset="koi8-r")
    await api.ctx.core.db.pool.execute("UPDATE source SET currency = 'KZT'")
    view = config_of(await api.ok("GET", f"/sources/{made['id']}"))
    assert (view["currency"], view["charset"]) == ("KZT", "koi8-r")


async def test_a_secret_that_we_make_is_not_given(api: Api) -> None:
    made = await make(api, auth="token")
    answer = await api.call("POST", f"/sources/{made['id']}/rotate", {"secret": "a-secret-of-theirs"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/secret")


async def test_the_document_shows_one_configuration_per_format(api: Api) -> None:
    schemas = (await api.send("GET", "/intake/openapi.json")).json()["components"]["schemas"]
    config = schemas["SourceIn"]["properties"]["config"]
    assert config["discriminator"]["propertyName"] == "format"
    assert config["discriminator"]["mapping"].keys() == FORMATS.keys()
