"""Dead letters as people reach them: the command and the admin endpoints."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from libs.common.messaging.deadletters.api import dead_letters_router
from libs.common.platform import cli
from libs.common.platform.http.app import create_app
from libs.common.testkit.issuer import TokenIssuer
from libs.common.testkit.messaging import Faulty, Stack, eventually, running, status_event

KEYS = TokenIssuer.generate()
PATH = "/intake/v1/dead-letters"


@pytest.fixture
async def parked(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A failed event (id 1) with one behind it (id 2); the environment leads the command to them."""
    stack.use_case = Faulty("poison")
    await stack.publish([status_event("a", "poison"), status_event("a", "2")])
    async with running(stack.consumer().run):
        await eventually(lambda: _two(stack))
    monkeypatch.setenv("INTAKE_POSTGRES_URL", stack.db.config.url)
    return stack


@pytest.fixture
async def client(parked: Stack) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(service="intake", title="t", routers=[dead_letters_router("intake")], auth=KEYS.verifier())
    app.state.ctx = SimpleNamespace(core=SimpleNamespace(db=parked.db))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


def token(role: str = "admin") -> dict[str, str]:
    return {"Authorization": f"Bearer {KEYS.token('anna', roles=[role])}"}


async def dozvon(*argv: str) -> int:
    return await asyncio.to_thread(cli.main, ["dead-letters", *argv, "--service", "intake"])


async def test_the_command_lists_open_events(parked: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert await dozvon("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[1:3] for line in lines] == [["failed", "a"], ["blocked", "a"]]


async def test_the_command_shows_one_without_the_persons_phone(
    parked: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await dozvon("show", "1") == 0
    out = capsys.readouterr().out
    assert (json.loads(out)["error"], "79991234567" in out) == ("phone *** is bad", False)


async def test_the_command_releases_with_a_corrected_payload(parked: Stack, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text('{"reason": "cured"}')
    assert await dozvon("retry", "1", "--data", str(tmp_path / "data.json")) == 0
    await parked.replayer.look()
    assert await parked.noted(2) == [("a", "cured"), ("a", "2")]


async def test_the_command_discards_with_a_reason_and_a_name(parked: Stack) -> None:
    assert await dozvon("discard", "1", "--note", "a test lead") == 0
    note = await parked.db.pool.fetchval("SELECT note FROM parked WHERE id = 1")
    assert note.endswith(": a test lead")


@pytest.mark.parametrize(
    ("argv", "says"), [(("show", "9"), "no parked event 9"), (("retry", "2"), "it is blocked")]
)
async def test_the_command_says_what_it_cannot_do(
    parked: Stack, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], says: str
) -> None:
    assert await dozvon(*argv) == 1
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[1]", "{", '{"reason": "phone *** is bad"}'])
async def test_the_command_refuses_what_is_no_correction_in_one_line(
    parked: Stack, capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str
) -> None:
    (tmp_path / "data.json").write_text(text)
    assert await dozvon("retry", "1", "--data", str(tmp_path / "data.json")) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


async def test_a_user_without_a_name_signs_with_a_number(parked: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    assert await dozvon("discard", "1", "--note", "a test lead") == 0
    assert await parked.db.pool.fetchval("SELECT note FROM parked WHERE id = 1") == "user 4000000: a test lead"


async def test_the_command_says_in_one_line_that_the_database_refuses(
    parked: Stack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_POSTGRES_URL", "postgresql://nobody:wrong@127.0.0.1:1/none?sslmode=nonsense")
    assert await dozvon("list") == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


async def test_the_command_without_a_database_says_which_setting_is_missing(
    parked: Stack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INTAKE_POSTGRES_URL")
    monkeypatch.delenv("POSTGRES_URL", raising=False)
    assert await dozvon("list") == 1
    assert "INTAKE_POSTGRES_URL" in capsys.readouterr().err


async def test_administrators_list_by_pages(client: httpx.AsyncClient) -> None:
    first = (await client.get(f"{PATH}?limit=1", headers=token())).json()
    second = (await client.get(f"{PATH}?limit=1&cursor={first['next_cursor']}", headers=token())).json()
    assert [dead_letter["state"] for dead_letter in first["items"] + second["items"]] == ["failed", "blocked"]


async def test_administrators_see_one(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{PATH}/1", headers=token())
    assert (answer.status_code, answer.json()["data"]["reason"]) == (200, "poison")


async def test_administrators_release_and_their_name_is_kept(client: httpx.AsyncClient, parked: Stack) -> None:
    answer = await client.post(f"{PATH}/1/retry", headers=token(), json={"note": "mended"})
    assert (answer.status_code, answer.json()["state"], answer.json()["note"]) == (200, "retrying", "anna: mended")


async def test_administrators_discard(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{PATH}/2/discard", headers=token(), json={"note": "not needed"})
    assert (answer.status_code, answer.json()["state"]) == (200, "discarded")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/9", 404, "not_found"),
        ("POST", "/9/retry", 404, "not_found"),
        ("POST", "/2/retry", 409, "wrong_state"),
        ("POST", "/1/discard", 422, "validation_failed"),
    ],
)
async def test_what_cannot_be_done_is_a_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.request(method, PATH + path, headers=token(), json={} if method == "POST" else None)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_hidden_value_is_refused_by_its_place(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{PATH}/1/retry", headers=token(), json={"data": {"person": "***"}})
    found = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert (answer.status_code, found) == (422, [("/data", "hidden_value")])


async def test_others_may_not_look(client: httpx.AsyncClient) -> None:
    answers = [await client.get(PATH, headers=token(role)) for role in ("operator", "supervisor")]
    assert [answer.status_code for answer in answers] == [403, 403]


async def _two(stack: Stack) -> bool:
    return len(await stack.states()) == 2


@pytest.mark.req("U12")
@pytest.mark.parametrize(("desk", "count"), [("demo", 2), ("ux", 0)])
async def test_the_list_is_narrowed_to_a_desk(client: httpx.AsyncClient, desk: str, count: int) -> None:
    found = await client.get(PATH, params={"desk": desk}, headers=token())
    assert len(found.json()["items"]) == count
