"""Stores of objects: a folder and the S3 API do the same; signatures of the latter are checked by its stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from deploy.standins.client import http_client
from deploy.standins.faults import Failure, Mode
from deploy.standins.s3 import DEMO_BUCKET, DEMO_KEY, DEMO_REGION, DEMO_SECRET, S3Standin
from deploy.standins.server import running
from libs.common.platform.objects import Bucket, Folder, Objects, ObjectsError, Presented
from libs.common.platform.objects.s3 import S3

KEY = "ab/0197a1b2-aaaa-7bbb-8ccc-0123456789ab"
LASTS = timedelta(seconds=60)
SAVED = Presented("application/pdf", "attachment; filename*=UTF-8''%D1%87%D0%B5%D0%BA.pdf")

pytestmark = [pytest.mark.servers, pytest.mark.req("P.10")]


@dataclass
class Kept:
    """A store, what is under a key in it, and how it is broken."""

    objects: Objects
    content: Callable[[str], bytes | None]
    breaks: Callable[[], object]


def bucket(url: str, secret: str = DEMO_SECRET) -> Bucket:
    return Bucket(f"{url}/s3", DEMO_BUCKET, DEMO_REGION, DEMO_KEY, SecretStr(secret))


@pytest.fixture(params=["folder", "s3"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "folder":
        (root := tmp_path / "media").mkdir()
        folder = Folder(root)
        broken = lambda: (root.rename(tmp_path / "moved"), root.write_text(""))  # noqa: E731
        yield Kept(folder, lambda key: path.read_bytes() if (path := folder.file(key)) else None, broken)
        return
    standin = S3Standin()
    async with running(standin) as url:
        fails = lambda: standin.dice.failures.append(Failure(Mode.HTTP, "503", times=None))  # noqa: E731
        yield Kept(S3(bucket(url), 5.0), lambda key: (standin.objects.get(key) or (None,))[0], fails)


async def test_an_object_is_kept_whole_and_replaced_by_the_next(kept: Kept) -> None:
    for content in (b"first", bytes(range(256)) * 40_000):
        await kept.objects.put(KEY, content, SAVED)
        assert kept.content(KEY) == content


async def test_a_removed_object_is_gone_and_may_be_removed_again(kept: Kept) -> None:
    await kept.objects.put(KEY, b"content", SAVED)
    for _ in range(2):
        await kept.objects.delete(KEY)
        assert kept.content(KEY) is None


async def test_a_broken_store_says_so(kept: Kept) -> None:
    await kept.objects.put(KEY, b"content", SAVED)
    kept.breaks()
    for call in (kept.objects.put(KEY, b"new", SAVED), kept.objects.delete(KEY)):
        with pytest.raises(ObjectsError):
            await call


async def test_a_folder_is_for_its_user_alone_and_keeps_no_half_of_an_object(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    await folder.put(KEY, b"content", SAVED)
    path = folder.file(KEY)
    assert path is not None
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    path.with_name(f"{path.name}.new").write_bytes(b"half")
    await folder.delete(KEY)
    assert list(path.parent.iterdir()) == []


async def test_an_address_of_s3_gives_the_object_as_it_was_put_until_it_is_changed_or_over() -> None:
    standin = S3Standin()
    async with running(standin) as url, http_client() as http:
        objects = S3(bucket(url), 5.0)
        await objects.put(KEY, b"content", SAVED)
        link = str(await objects.link(KEY, LASTS))
        found = await http.get(link)
        assert (found.content, found.headers["content-type"]) == (b"content", SAVED.type)
        assert found.headers["content-disposition"] == SAVED.disposition
        longer = link.replace("X-Amz-Expires=60", "X-Amz-Expires=600")
        over = str(await objects.link(KEY, timedelta(0)))
        answers = [(await http.get(one)).status_code for one in (longer, over, link.partition("?")[0])]
        assert (longer != link, answers) == (True, [403, 403, 403])


@pytest.mark.parametrize("failure", [Failure(Mode.LOSE, ""), Failure(Mode.HANG, "5")])
async def test_an_answer_of_s3_that_stays_out_is_no_success(failure: Failure) -> None:
    standin = S3Standin()
    standin.dice.failures.append(failure)
    async with running(standin) as url:
        with pytest.raises(ObjectsError):
            await S3(bucket(url), 0.5).put(KEY, b"content", SAVED)


async def test_another_secret_is_refused_and_the_reason_shows_none() -> None:
    async with running(S3Standin()) as url:
        with pytest.raises(ObjectsError) as failure:
            await S3(bucket(url, "wrong-secret"), 5.0).put(KEY, b"content", SAVED)
    assert "secret" not in repr(failure.value)
