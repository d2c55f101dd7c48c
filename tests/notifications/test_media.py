"""Files that customers send: fetched from each provider, kept, shown to who may see them, erased (P.10)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.standins.client import http_client
from deploy.standins.faults import Failure, Mode
from deploy.standins.files import FAILS, Files
from deploy.standins.s3 import DEMO_BUCKET, DEMO_KEY, DEMO_REGION, DEMO_SECRET, S3Standin
from deploy.standins.server import running
from deploy.standins.wazzup.accounts import DEMO_KEY as WAZZUP_KEY
from libs.common.contracts.erasures import CustomerErased, Forgotten, NotificationsScrubbed
from libs.common.platform import faultpoints
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from libs.common.platform.erasure.actions import Eraser
from libs.common.platform.erasure.retention import Keeper
from libs.common.platform.objects import Folder
from services.notifications.erasures.places import AGED, PLACES
from services.notifications.media import worker as media_worker
from services.notifications.media.actions import keep
from services.notifications.media.store import lease, make_up
from tests.notifications.api import Api, running_api
from tests.notifications.gateways import Gateways, gateway, open_gateways
from tests.notifications.support import worker
from tests.notifications.test_conversations import NOW, resolve
from tests.notifications.test_received import CUSTOMER
from tests.support.patience import PATIENCE, eventually

PHONE, ANNA = "79000000001", "500000003"
JPEG, VOICE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 500, b"OggS" + bytes(5000)
EXE = b"MZ\x90\x00" + bytes(3000)
ROWS = "SELECT id, kind, state, type, size, code, name, attempts FROM media ORDER BY id"
LEASE = timedelta(minutes=1)
Json = dict[str, Any]

pytestmark = pytest.mark.req("P.10")


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Gateways]:
    async with open_gateways(notifications_db, ["wazzup", "whatsapp_cloud", "telegram", "max"]) as opened:
        yield opened


def kept(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]


def files(desk: Gateways, code: str) -> Files:
    return desk.standin.files if code == "wazzup" else desk.gateways[code].files


async def send(desk: Gateways, code: str, content: bytes, sort: str, mime: str = "image/jpeg", **more: str) -> None:
    """Let a customer send a file by a provider, and wait until its webhook has come."""
    before = len(await desk.rows("SELECT FROM media"))
    key = WAZZUP_KEY if code == "wazzup" else gateway(code).demo().key
    file = {"content": base64.b64encode(content).decode(), "sort": sort, "mime": mime, **more}
    body = {"key": key, "chat_id": ANNA if code in ("telegram", "max") else PHONE, "text": "Вот", "file": file}
    async with http_client(timeout=PATIENCE) as http:
        assert (await http.post(f"{desk.url}/{code}/_inbound", json=body)).status_code == 202
    await eventually(lambda: desk.rows("SELECT FROM media"), lambda rows: len(rows) > before)


async def settled(desk: Gateways) -> list[Json]:
    """Wait until no file is waited for."""
    return [dict(row) for row in await eventually(lambda: desk.rows(ROWS), _no_file_waits)]


def _no_file_waits(rows: list[Any]) -> bool:
    return bool(rows) and all(row["state"] != "waiting" for row in rows)


async def shown(api: Api, role: str = "supervisor") -> list[Json]:
    """Return the files of the only conversation's messages, the oldest first."""
    [thread] = (await api.call("GET", "/conversations", role=role)).json()["items"]
    answer = await api.call("GET", f"/conversations/{thread['id']}/messages", role=role)
    return [file for message in reversed(answer.json()["items"]) for file in message["files"]]


async def opened(api: Api, url: str, role: str = "supervisor", **headers: str) -> httpx.Response:
    """Follow a file as a browser does: the address that it leads to is asked without a token."""
    answer = await api.call("GET", url.removeprefix("/notifications/v1"), role=role, **headers)
    if answer.status_code != 303:
        return answer
    return await api.http.get(answer.headers["location"])


@pytest.mark.parametrize(
    ("code", "sort"),
    [("wazzup", "image"), ("whatsapp_cloud", "image"), ("telegram", "photo"), ("max", "image")],
)
async def test_a_picture_of_any_messenger_is_had_byte_by_byte(
    desk: Gateways, tmp_path: Path, code: str, sort: str
) -> None:
    async with worker(desk.context(media_folder=tmp_path)):
        await send(desk, code, JPEG, sort)
        await settled(desk)
    async with running_api(desk.db, media_folder=tmp_path) as api:
        [file] = await shown(api)
        assert (file["kind"], file["state"], file["type"], file["size"]) == (
            "image",
            "stored",
            "image/jpeg",
            len(JPEG),
        )
        found = await opened(api, file["url"])
    assert (found.content, found.headers["content-type"]) == (JPEG, "image/jpeg")


async def test_a_file_that_could_do_something_is_only_saved(desk: Gateways, tmp_path: Path) -> None:
    async with worker(desk.context(media_folder=tmp_path)):
        await send(desk, "telegram", EXE, "document", "image/png", name="чек.png")
        await settled(desk)
    async with running_api(desk.db, media_folder=tmp_path) as api:
        [file] = await shown(api)
        found = await opened(api, file["url"])
    assert (found.content, found.headers["content-type"], file["name"]) == (
        EXE,
        "application/octet-stream",
        "чек.png",
    )
    assert found.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert "sandbox" in found.headers["content-security-policy"]
    assert found.headers["x-content-type-options"] == "nosniff"


async def test_an_address_is_of_one_file_and_ends(desk: Gateways, tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    async with worker(desk.context(media_folder=tmp_path)):
        for content in (JPEG, VOICE):
            await send(desk, "telegram", content, "document")
        await settled(desk)
    async with running_api(desk.db, clock=clock, media_folder=tmp_path, media_link_seconds=60) as api:
        one, other = await shown(api)
        link = (await api.call("GET", f"/media/{one['id']}", role="supervisor")).headers["location"]
        spoilt = [link.replace(one["id"], other["id"]), link.partition("?")[0], link[:-9] + "AAAA%3D%3D"]
        assert [(await api.http.get(url)).status_code for url in (link, *spoilt)] == [200, 404, 404, 404]
        clock.advance(timedelta(seconds=61))
        assert (await api.http.get(link)).status_code == 404


async def test_who_does_not_see_the_conversation_does_not_see_its_files(desk: Gateways, tmp_path: Path) -> None:
    async with worker(desk.context(media_folder=tmp_path)):
        await send(desk, "wazzup", JPEG, "image")
        [row] = await settled(desk)
    async with running_api(desk.db, media_folder=tmp_path) as api:
        path, audit = f"/media/{row['id']}", "SELECT operation, whose FROM audit WHERE operation = 'get_media'"
        answers = [await api.call("GET", path, role="operator"), await api.call("GET", path, desk="other")]
        assert ([answer.status_code for answer in answers], await desk.rows(audit)) == ([404, 404], [])
        assert (await opened(api, path, "admin")).status_code == 200
        [entry] = await desk.rows(audit)
    assert [one.partition(":")[0] for one in entry["whose"]] == ["message"]


async def test_a_file_that_is_not_there_yet_says_so(desk: Gateways, tmp_path: Path) -> None:
    await send(desk, "wazzup", JPEG, "image")
    async with running_api(desk.db, media_folder=tmp_path) as api:
        [file] = await shown(api)
        answer = await api.call("GET", f"/media/{file['id']}")
    assert (file["state"], file["url"], answer.status_code) == ("waiting", None, 409)
    assert (answer.json()["code"], answer.json()["state"]) == ("file_not_stored", "waiting")


@pytest.mark.parametrize("code", ["whatsapp_cloud", "telegram"])
async def test_a_link_that_is_over_is_asked_for_anew(desk: Gateways, tmp_path: Path, code: str) -> None:
    files(desk, code).lasts = 0.0
    async with worker(desk.context(media_folder=tmp_path)):
        await send(desk, code, VOICE, "voice" if code == "telegram" else "audio", "audio/ogg")
        await eventually(lambda: desk.rows(ROWS), lambda rows: rows[0]["code"] == "http_404")
        files(desk, code).lasts = 60.0
        await desk.db.pool.execute("UPDATE media SET due_at = clock_timestamp()")
        [row] = await settled(desk)
    assert (row["kind"], row["state"], row["attempts"], kept(tmp_path)) == ("voice", "stored", 2, [VOICE])


@pytest.mark.parametrize("failure", [Failure(Mode.HTTP, "503", FAILS), Failure(Mode.LOSE, "", FAILS)])
async def test_a_provider_that_fails_is_asked_again(desk: Gateways, tmp_path: Path, failure: Failure) -> None:
    desk.standin.dice.failures.append(failure)
    async with worker(desk.context(media_folder=tmp_path)):
        await send(desk, "wazzup", JPEG, "image")
        await eventually(lambda: desk.rows(ROWS), lambda rows: rows[0]["code"] is not None)
        await desk.db.pool.execute("UPDATE media SET due_at = clock_timestamp()")
        [row] = await settled(desk)
    assert (row["state"], row["code"], kept(tmp_path)) == ("stored", None, [JPEG])


async def test_a_file_that_is_too_large_is_refused_while_it_comes(
    desk: Gateways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_worker, "MOST", 100_000)
    async with worker(desk.context(media_folder=tmp_path)):
        await send(desk, "max", JPEG, "image")
        [row] = await settled(desk)
    assert (row["state"], row["code"], kept(tmp_path)) == ("refused", "too_large", [])


async def test_an_address_inside_our_network_is_not_called(desk: Gateways, tmp_path: Path) -> None:
    async with worker(desk.context(media_folder=tmp_path, egress_allow="")):
        await send(desk, "wazzup", JPEG, "image")
        [row] = await settled(desk)
    assert (row["state"], row["code"], kept(tmp_path)) == ("refused", "address_forbidden", [])


@pytest.mark.parametrize("point", ["media.fetched", "media.written"])
async def test_a_crash_between_object_and_row_leaves_one_object(
    desk: Gateways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    died = asyncio.Event()

    def die(name: str) -> None:
        if name == point:
            died.set()
            raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(faultpoints, "reach", die)
        async with worker(desk.context(media_folder=tmp_path)):
            await send(desk, "wazzup", JPEG, "image")
            await asyncio.wait_for(died.wait(), PATIENCE)
    await desk.db.pool.execute("UPDATE media SET due_at = clock_timestamp()")
    async with worker(desk.context(media_folder=tmp_path)), worker(desk.context(media_folder=tmp_path)):
        [row] = await settled(desk)
    assert (row["state"], kept(tmp_path)) == ("stored", [JPEG])


async def test_two_workers_never_have_one_file(desk: Gateways) -> None:
    for number in range(6):
        await send(desk, "telegram", VOICE, "voice", name=str(number))
    taken = await asyncio.gather(*(lease(desk.db, 4, LEASE) for _ in range(3)))
    ids = [file.id for files_of_one in taken for file in files_of_one]
    assert len(ids) == len(set(ids)) == 6


async def erase(desk: Gateways) -> None:
    """Erase the customer, as intake says: by the id of whose messages are known, else by their number."""
    ids = {"erasure_id": CUSTOMER, "customer_id": CUSTOMER, "customer_ids": (CUSTOMER,), "lead_ids": ()}
    erased = CustomerErased.model_validate({**ids, "person": Forgotten(phone=f"+{PHONE}")})
    ctx = desk.context()
    await desk.db.pool.execute("DELETE FROM outbox")  # it has been sent
    await desk.request(erased, given=ctx)
    eraser = Eraser(ctx.core, PLACES, NotificationsScrubbed)

    async def rounds() -> list[Any]:
        await eraser.round()
        return await desk.rows("SELECT FROM erasure WHERE state <> 'done'")

    await eventually(rounds, lambda open_ones: not open_ones)
    await ctx.transport.close()


@pytest.mark.req("P.7")
async def test_an_erased_file_goes_with_its_object(desk: Gateways, tmp_path: Path) -> None:
    async with worker(desk.context(media_folder=tmp_path)):
        await send(desk, "wazzup", JPEG, "image")
        [row] = await settled(desk)
    async with running_api(desk.db, media_folder=tmp_path) as api:
        link = (await api.call("GET", f"/media/{row['id']}")).headers["location"]
        await erase(desk)
        answers = [await api.http.get(link), await api.call("GET", f"/media/{row['id']}")]
        assert [one.status_code for one in answers] == [404, 404]
    async with worker(desk.context(media_folder=tmp_path)):
        await eventually(lambda: desk.rows(ROWS), lambda rows: not rows)
    assert kept(tmp_path) == []


async def test_a_file_that_is_erased_while_it_is_fetched_leaves_no_object(desk: Gateways, tmp_path: Path) -> None:
    await send(desk, "wazzup", JPEG, "image")
    [file] = await lease(desk.db, 1, LEASE)
    await erase(desk)
    assert await lease(desk.db, 1, LEASE) == []
    assert not await keep(desk.db, Folder(tmp_path), file, JPEG)
    assert (kept(tmp_path), [row["state"] for row in await desk.rows(ROWS)]) == ([], ["gone"])


@pytest.mark.req("P.7")
async def test_a_file_goes_with_its_age(desk: Gateways, tmp_path: Path) -> None:
    retention = "INSERT INTO retention (desk, kind, days, walked, changed_by) VALUES "
    async with worker(desk.context(media_folder=tmp_path)):
        await send(desk, "wazzup", JPEG, "image")
        await settled(desk)
        await desk.db.pool.execute(f"{retention} ('demo', 'messages', 30, '{{}}', 'admin')")
        await desk.db.pool.execute("UPDATE media SET received_at = received_at - interval '31 days'")
        await Keeper(desk.context().core, AGED).round()
        await eventually(lambda: desk.rows(ROWS), lambda rows: not rows)
    assert kept(tmp_path) == []


async def test_files_of_messages_from_before_are_fetched_too(desk: Gateways, tmp_path: Path) -> None:
    await send(desk, "telegram", VOICE, "voice")
    await desk.db.pool.execute("DELETE FROM media")
    for _ in range(2):
        await make_up(desk.db, desk.clock.now())
    async with worker(desk.context(media_folder=tmp_path)):
        [row] = await settled(desk)
    assert (row["state"], row["kind"], kept(tmp_path)) == ("stored", "voice", [VOICE])


@asynccontextmanager
async def bucket() -> AsyncIterator[tuple[S3Standin, Json]]:
    """A bucket, and the settings that name it."""
    standin = S3Standin()
    async with running(standin) as url:
        named = {"endpoint": f"{url}/s3", "bucket": DEMO_BUCKET, "region": DEMO_REGION}
        keys = {"key": DEMO_KEY, "secret": DEMO_SECRET}
        yield standin, {f"media_s3_{name}": value for name, value in {**named, **keys}.items()}


async def test_files_are_kept_in_a_bucket_and_had_from_it(desk: Gateways) -> None:
    async with bucket() as (standin, settings):
        async with worker(desk.context(**settings)):
            await send(desk, "max", JPEG, "file", name="чек.jpg")
            [row] = await settled(desk)
        await resolve(desk)
        async with running_api(desk.db, **settings) as api:
            found = await opened(api, f"/media/{row['id']}")
        assert (found.content, found.headers["content-type"]) == (JPEG, "image/jpeg")
        assert found.headers["content-disposition"] == "inline; filename*=UTF-8''%D1%87%D0%B5%D0%BA.jpg"
        await erase(desk)
        async with worker(desk.context(**settings)):
            await eventually(lambda: desk.rows(ROWS), lambda rows: not rows)
        assert standin.objects == {}


async def test_a_bucket_that_fails_keeps_the_file_waiting(desk: Gateways) -> None:
    async with bucket() as (standin, settings):
        standin.dice.failures.append(Failure(Mode.HTTP, "503"))
        async with worker(desk.context(**settings)):
            await send(desk, "max", JPEG, "image")
            await eventually(lambda: desk.rows(ROWS), lambda rows: rows[0]["code"] == "not_stored")
            await desk.db.pool.execute("UPDATE media SET due_at = clock_timestamp()")
            [row] = await settled(desk)
        assert ([one.content for one in standin.objects.values()], row["state"]) == ([JPEG], "stored")
