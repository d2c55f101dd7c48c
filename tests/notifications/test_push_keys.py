"""Keys of browsers: sealed in their row and nowhere plain, sealed anew by the rotation (P.7)."""

import base64

import pytest

from libs.common.platform.db import Database
from libs.common.platform.sealing import BrokenSealError, DataKeys
from libs.common.platform.sealing.keeper import rotate
from services.notifications.pushes.store import SealedBrowsers, keys_of
from tests.notifications.api import running_api
from tests.notifications.support import KEYS
from tests.notifications.test_feed import ANNA, known, write
from tests.notifications.test_pushes import PATH
from tests.support.browser import Browser, url64
from tests.support.search import tables_with

pytestmark = pytest.mark.req("P.7", "S0.3")

OURS = DataKeys.parse(KEYS)
NEWER = DataKeys.parse(f"newer:{base64.b64encode(b'n' * 32).decode()} {KEYS}")
UNSEALED = "UPDATE push_subscription SET sealed = NULL, p256dh = $1, auth = $2"
STALE = "UPDATE push_subscription SET p256dh = $1, auth = $2, version = version + 1"  # by one that sealed nothing


async def subscribed(db: Database, name: str = "one") -> tuple[str, str]:
    """Subscribe a browser over HTTP; return its keys."""
    standins = "http://127.0.0.1:9"
    browser = Browser(f"{standins}/web_push/send/{name}")
    await write(db, known(ANNA, "operator"))
    async with running_api(db, standins) as api:
        put = await api.call("PUT", PATH, browser.subscription, role="operator")
    assert put.status_code == 200, put.text
    return url64(browser.public), url64(browser.auth)


async def opened(db: Database, keys: DataKeys = OURS) -> tuple[str, str]:
    row = await db.pool.fetchrow("SELECT * FROM push_subscription ORDER BY id LIMIT 1")
    assert row is not None
    return keys_of(row, row["id"], keys)


async def test_no_key_of_a_browser_stands_plain(notifications_db: Database) -> None:
    keys = await subscribed(notifications_db)
    again = await subscribed(notifications_db)  # of the same endpoint, with other keys
    assert (await plain(notifications_db), await opened(notifications_db), again == keys) == (
        ("", ""),
        again,
        False,
    )
    assert await tables_with(notifications_db.pool, "notifications", *again) == set()


async def plain(db: Database) -> tuple[str, str]:
    (row,) = await db.pool.fetch("SELECT p256dh, auth FROM push_subscription")
    return row["p256dh"], row["auth"]


async def test_keys_that_were_moved_to_another_row_do_not_open(notifications_db: Database) -> None:
    await subscribed(notifications_db)
    await subscribed(notifications_db, "two")
    await notifications_db.pool.execute(
        "UPDATE push_subscription SET sealed = (SELECT max(sealed) FROM push_subscription)"
    )
    found: list[tuple[str, str] | None] = []
    for row in await notifications_db.pool.fetch("SELECT * FROM push_subscription"):
        try:
            found.append(keys_of(row, row["id"], OURS))
        except BrokenSealError:
            found.append(None)
    assert sorted(map(bool, found)) == [False, True]


@pytest.mark.parametrize("written", [UNSEALED, STALE])
async def test_what_earlier_releases_left_plain_is_sealed_and_goes(
    notifications_db: Database, written: str
) -> None:
    await subscribed(notifications_db)
    keys = "new-p256dh", "new-auth"
    await notifications_db.pool.execute(written, *keys)
    known = await opened(notifications_db)  # while it waits for the worker
    sealed = [await rotate([SealedBrowsers()], notifications_db, OURS) for _ in range(2)]
    found = known, await opened(notifications_db), await plain(notifications_db)
    assert (found, sealed) == ((keys, keys, ("", "")), [1, 0])


async def test_the_rotation_of_keys_seals_them_with_the_first(notifications_db: Database) -> None:
    keys = await subscribed(notifications_db)
    assert await rotate([SealedBrowsers()], notifications_db, NEWER) == 1
    assert await SealedBrowsers().key_ids(notifications_db) == {"newer"}
    assert await opened(notifications_db, NEWER) == keys
