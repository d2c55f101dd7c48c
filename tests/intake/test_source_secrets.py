"""Secrets of sources: sealed in their list, taken over from the release before, shown once and nowhere else."""

import base64

import orjson

from libs.common.platform.sealing import DataKeys
from libs.common.platform.sealing.keeper import rotate
from services.intake.sources.store import SealedSources
from tests.intake.api import Api, new_source, order

NEWER = f"newer:{base64.b64encode(b'n' * 32).decode()}"


async def made(api: Api) -> tuple[str, str]:
    """Make a source with a token; return its webhook and the token."""
    view = await api.ok("POST", "/sources", {**new_source("landing"), "auth": "token"})
    return str(view["hook"]), str(view["secret"])


async def posted(api: Api, webhook: str, token: str, number: int = 1) -> int:
    answer = await api.send("POST", webhook, body=order(f"lp-{number}"), headers={"x-source-token": token})
    return answer.status_code


async def stored(api: Api) -> str:
    found: object = await api.ctx.core.db.pool.fetchval("SELECT secrets FROM source")
    return orjson.dumps(found).decode()


async def as_the_release_before(api: Api, token: str) -> None:
    entry = [{"id": "1", "value": token, "valid_until": None}]
    await api.ctx.core.db.pool.execute("UPDATE source SET secrets = $1", entry)
    await api.ctx.sources.refresh()


async def test_a_secret_is_sealed_and_still_proves_its_sender(api: Api) -> None:
    webhook, token = await made(api)
    assert token not in await stored(api)
    assert [await posted(api, webhook, token), await posted(api, webhook, "other", 2)] == [202, 401]


async def test_a_secret_of_the_release_before_goes_on_and_is_sealed(api: Api) -> None:
    webhook, token = await made(api)
    await as_the_release_before(api, token)
    before = await posted(api, webhook, token)
    assert await rotate([SealedSources()], api.ctx.core.db, api.ctx.core.keys) == 1
    await api.ctx.sources.refresh()
    assert (before, await posted(api, webhook, token, 2), token in await stored(api)) == (202, 202, False)


async def test_a_secret_is_read_by_the_release_before_as_long_as_that_runs(api: Api) -> None:
    async with api.ctx.core.db.pool.acquire() as other:
        await other.execute("SET application_name = 'dozvon-intake'")
        _, token = await made(api)
        await rotate([SealedSources()], api.ctx.core.db, api.ctx.core.keys)
        beside = token in await stored(api)
        await other.execute("RESET application_name")
    await rotate([SealedSources()], api.ctx.core.db, api.ctx.core.keys)
    assert (beside, token in await stored(api)) == (True, False)


async def test_a_rotated_secret_and_the_one_before_are_sealed_and_both_work(api: Api) -> None:
    view = await api.ok("POST", "/sources", {**new_source("landing"), "auth": "token"})
    fresh = await api.ok("POST", f"/sources/{view['id']}/rotate", {})
    both = [str(view["secret"]), str(fresh["secret"])]
    kept = await stored(api)
    assert [token in kept for token in both] == [False, False]
    assert [await posted(api, str(view["hook"]), token, n) for n, token in enumerate(both)] == [202, 202]


async def test_another_first_key_seals_everything_anew(api: Api) -> None:
    await made(api)
    db, keys = api.ctx.core.db, api.ctx.core.settings.data_keys
    assert keys is not None
    both = DataKeys.parse(f"{NEWER} {keys.get_secret_value()}")
    assert await rotate([SealedSources()], db, both) == 1
    assert await SealedSources().key_ids(db) == {"newer"}


async def test_the_answer_that_is_kept_for_a_repeat_is_sealed_too(api: Api) -> None:
    body, headers = {**new_source("landing"), "auth": "token"}, {"idempotency-key": "k-1"}
    first, again = [await api.call("POST", "/sources", body, headers=headers) for _ in "ab"]
    kept: bytes = await api.ctx.core.db.pool.fetchval("SELECT body FROM idempotency")
    assert again.json() == first.json()
    assert str(first.json()["secret"]).encode() not in kept
