"""Secrets of channels: sealed in the row, never read back, taken over from the release before, rotated."""

import asyncio
import base64
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.standins.wazzup import KIND
from libs.common.platform.cli import main as cli_main
from libs.common.platform.db import Database
from libs.common.platform.sealing import BrokenSealError, DataKeys, MissingKeyError
from libs.common.platform.sealing.keeper import require_keys, rotate
from libs.common.platform.sealing.keys import new_key
from services.notifications.channels.convert import config_of
from services.notifications.channels.store import SealedChannels
from services.notifications.providers.wazzup import WazzupConfig
from tests.notifications.api import running_api
from tests.notifications.support import DESK, KEYS, channel, open_desk, requested, worker
from tests.support.patience import PATIENCE, eventually

OURS = DataKeys.parse(KEYS)
NEWER = DataKeys.parse(f"newer:{base64.b64encode(b'n' * 32).decode()} {KEYS}")
CONFIG = {"provider": "wazzup", "api_key": "secret-1", "provider_channel_id": "c"}
CHANNEL = {"desk": DESK, "code": "main", "config": CONFIG}
OLD_RELEASE = """
INSERT INTO channel
    (id, desk, code, kind, provider, api_key, account, provider_channel_id, hook_key, rate_5s,
     active, version, created_at)
SELECT gen_random_uuid(), desk, 'old', kind, provider, 'old-secret', 'old-account', 'old-channel', 'old-hook-key',
       450, true, 1, created_at
FROM channel
"""


async def row(db: Database, code: str = "main") -> Mapping[str, object]:
    found = await db.pool.fetchrow("SELECT * FROM channel WHERE code = $1", code)
    assert found is not None
    return dict(found)


async def key_in(db: Database, code: str = "main", keys: DataKeys = OURS) -> str:
    found = await db.pool.fetchrow("SELECT * FROM channel WHERE code = $1", code)
    assert found is not None
    config = config_of(found["id"], found, keys)
    assert isinstance(config, WazzupConfig)
    return config.api_key.get_secret_value()


async def test_a_secret_stands_in_no_column_as_it_is(notifications_db: Database) -> None:
    await channel(notifications_db, api_key="secret-1")
    stored = await row(notifications_db)
    assert not [name for name, value in stored.items() if "secret-1" in str(value)]
    assert (stored["api_key"], await key_in(notifications_db)) == ("", "secret-1")


async def test_a_secret_moved_to_another_row_does_not_open(notifications_db: Database) -> None:
    await channel(notifications_db)
    await channel(notifications_db, code="other", hook_key="hook-key-of-the-other", provider_channel_id="other")
    await notifications_db.pool.execute(
        "UPDATE channel SET secrets = (SELECT secrets FROM channel WHERE code = 'other') WHERE code = 'main'"
    )
    with pytest.raises(BrokenSealError):
        await key_in(notifications_db)


async def test_the_api_shows_the_configuration_without_its_secrets(notifications_db: Database) -> None:
    async with running_api(notifications_db) as api:
        made = await api.call("POST", "/channels", CHANNEL)
        shown = [made, await api.call("GET", "/channels"), await api.call("GET", f"/channels/{made.json()['id']}")]
    assert made.json()["config"] == {"provider": "wazzup", "provider_channel_id": "c"}
    assert not [answer for answer in shown if "secret-1" in answer.text]


async def test_a_change_of_one_member_keeps_the_others(notifications_db: Database) -> None:
    async with running_api(notifications_db) as api:
        made = await api.call("POST", "/channels", CHANNEL)
        path, seen = f"/channels/{made.json()['id']}", made.headers["etag"]
        changed = await api.call("PATCH", path, {"config": {"provider_channel_id": "d"}}, if_match=seen)
    assert (changed.json()["config"]["provider_channel_id"], await key_in(notifications_db)) == ("d", "secret-1")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"api_key": "два слова"}, "/config/api_key"),
        ({"provider": "other"}, "/config/provider"),
        ({"provider_channel_id": ""}, "/config/provider_channel_id"),
        ({"colour": "red"}, "/config/colour"),
    ],
)
async def test_a_change_that_the_provider_does_not_take_is_named_and_not_quoted(
    notifications_db: Database, change: dict[str, object], pointer: str
) -> None:
    async with running_api(notifications_db) as api:
        made = await api.call("POST", "/channels", CHANNEL)
        path, seen = f"/channels/{made.json()['id']}", made.headers["etag"]
        answer = await api.call("PATCH", path, {"config": change}, if_match=seen)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert "два слова" not in answer.text


async def test_an_unknown_provider_is_refused(notifications_db: Database) -> None:
    async with running_api(notifications_db) as api:
        answer = await api.call("POST", "/channels", {**CHANNEL, "config": {"provider": "pigeon"}})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/config")


async def test_a_channel_of_the_release_before_sends_and_is_sealed(notifications_db: Database) -> None:
    await channel(notifications_db)
    await notifications_db.pool.execute(OLD_RELEASE)
    before = await key_in(notifications_db, "old")
    assert await rotate([SealedChannels()], notifications_db, OURS) == 1
    sealed = await row(notifications_db, "old")
    assert (before, await key_in(notifications_db, "old")) == ("old-secret", "old-secret")
    assert (sealed["api_key"], sealed["config"]) == (
        "", {"provider": "wazzup", "provider_channel_id": "old-channel"},
    )  # fmt: skip


async def test_a_secret_stays_plain_beside_while_the_release_before_runs(notifications_db: Database) -> None:
    async with notifications_db.pool.acquire() as other:
        await other.execute("SET application_name = 'dozvon-notifications'")
        await channel(notifications_db, api_key="secret-1")
        plain = (await row(notifications_db))["api_key"]
        await other.execute("RESET application_name")
    await rotate([SealedChannels()], notifications_db, OURS)
    assert (plain, (await row(notifications_db))["api_key"]) == ("secret-1", "")


async def test_a_rotation_seals_with_the_first_key_and_messages_go_on(notifications_db: Database) -> None:
    async with open_desk(notifications_db, replace(KIND, lose_callback=1.0)) as desk:
        assert await rotate([SealedChannels()], notifications_db, NEWER) == 1
        assert await SealedChannels().key_ids(notifications_db) == {"newer"}
        async with worker(desk.context(data_keys=f"newer:{base64.b64encode(b'n' * 32).decode()}")):
            await desk.request(requested())
            await desk.until("accepted")


async def test_a_secret_that_does_not_open_halts_its_channel_and_doubts_no_message(
    notifications_db: Database,
) -> None:
    halted = "SELECT FROM channel WHERE halted_code = 'secret_unreadable'"
    async with open_desk(notifications_db) as desk:
        await rotate([SealedChannels()], notifications_db, NEWER)
        async with worker(desk.context()):
            await desk.request(requested())
            await eventually(lambda: desk.rows(halted), bool)
        rows = await desk.rows("SELECT state, offered_at FROM attempt")
    assert [tuple(found) for found in rows] == [("pending", None)]


async def test_a_missing_key_is_named(notifications_db: Database) -> None:
    await channel(notifications_db)
    other = DataKeys.parse(f"other:{base64.b64encode(bytes(32)).decode()}")
    with pytest.raises(MissingKeyError, match="tests"):
        await require_keys([SealedChannels()], notifications_db, other)


def environment(db: Database, keys: str) -> dict[str, str]:
    own = {"NOTIFICATIONS_POSTGRES_URL": db.config.url, "NOTIFICATIONS_DATA_KEYS": keys, "JWKS_FILE": "jwks.json"}
    return {**os.environ, **own, "PYTHONPATH": str(Path(__file__).parents[2]), "LOG_LEVEL": "ERROR"}


async def run(*command: str, env: dict[str, str]) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode, out.decode()


@pytest.mark.parametrize("part", ["api", "worker"])
async def test_a_missing_key_stops_the_start_and_is_named(notifications_db: Database, part: str) -> None:
    await channel(notifications_db)
    env = environment(notifications_db, new_key("other"))
    code, said = await run("services.notifications", part, env=env)
    assert (code, "sealed with: tests" in said) == (1, True)


async def test_no_key_at_all_stops_the_start(notifications_db: Database) -> None:
    code, said = await run("services.notifications", "worker", env=environment(notifications_db, ""))
    assert (code, "DATA_KEYS is missing" in said) == (1, True)


async def test_the_command_seals_everything_with_the_first_key(notifications_db: Database) -> None:
    await channel(notifications_db)
    env = environment(notifications_db, f"{new_key('fresh')} {KEYS}")
    cli = ("libs.common.platform.cli", "keys", "rotate", "--service", "notifications")
    assert [await run(*cli, env=env) for _ in range(2)] == [
        (0, "1 secrets sealed anew\n"),
        (0, "0 secrets sealed anew\n"),
    ]
    assert await SealedChannels().key_ids(notifications_db) == {"fresh"}


def test_the_command_prints_a_key_that_can_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli_main(["keys", "new", "--id", "spring"]) == 0
    assert DataKeys.parse(capsys.readouterr().out).first == "spring"
