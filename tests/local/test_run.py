"""`make run`, started and used as README says: the printed commands, faults, stops, second starts and stacks."""

import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from deploy.documents import client
from deploy.local.guide import VARIABLES, commands
from deploy.standins.client import authorities
from libs.common.platform.db.roles import SERVICES
from libs.common.platform.ids import uuid7
from libs.common.testkit.database import PASSWORD, empty_database
from tests.local.run import PATIENCE, Run, until

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(900)]

ASSIGNED, DELIVERED = "dozvon.task.assigned.v1", "dozvon.message.delivered.v1"
WORKERS = [f"{service}-worker" for service in SERVICES]
SECOND_START_SECONDS = 20  # 10 are promised, of a machine that does nothing else


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One stack for the tests of this file, which start it where they find it down."""
    stack = Run(tmp_path_factory.mktemp("run") / "home")
    yield stack
    stack.end()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Run]:
    stack = Run(tmp_path / "other")
    yield stack
    stack.end()


def open_work(run: Run, token: str) -> int:
    """How much work an operator holds, as they see it themselves."""
    answer = httpx.get(
        run.url("/assignment/v1/me"), headers={"Authorization": f"Bearer {token}"}, verify=authorities(), timeout=30
    )
    return int(answer.raise_for_status().json()["open_work"])


def test_the_commands_that_it_prints_are_those_of_readme(run: Run) -> None:
    """Those are run, in order, by test_guides.py."""
    run.start()
    assert commands(str(run.home)) in run.said


def test_the_demo_desk_works_beside_the_school(run: Run) -> None:
    run.start()
    assert run.order("of-the-demo") == "accepted"
    until(lambda: {ASSIGNED, DELIVERED} <= set(run.kinds("of-the-demo")))


def test_somebody_who_is_not_on_whatsapp_gets_an_sms(run: Run) -> None:
    run.start()
    run.order("sms", "8 900 040-44-04")
    until(lambda: DELIVERED in run.kinds("sms"))
    found = [item["facts"]["channel"] for item in run.timeline("sms") if item["kind"] == DELIVERED]
    assert found == ["sms"]


@pytest.mark.req("U6")
def test_the_worked_example_of_a_client_goes_from_log_in_to_the_resumed_stream(run: Run) -> None:
    run.start()
    run.order("example")
    until(lambda: ASSIGNED in run.kinds("example"))
    operators = run.info()["operators"]
    busy = [sub for sub, token in operators.items() if open_work(run, token)]
    client.install()
    said = client.node("src/main.ts", run.url(""), busy[-1]).splitlines()
    assert [line.split()[0] for line in said[1:]] == ["told", "took", "it", "ended", "told"]


def test_the_origin_is_ready_over_four_services_and_their_workers(run: Run) -> None:
    run.start()
    parts = run.get("/readyz").raise_for_status().json()["parts"]
    assert parts == dict.fromkeys([*(f"{service}-api" for service in SERVICES), *WORKERS], True)


def test_info_gives_as_json_what_the_commands_take(run: Run) -> None:
    run.start()
    info, variables = run.info(), (run.home / VARIABLES).read_text().splitlines()
    for name, source in info["sources"].items():
        assert f"{name.upper()}={source['url']}" in variables
        assert f"{name.upper()}_TOKEN={source['token']}" in variables
    school = info["school"]["source"]
    assert {f"GETCOURSE={school['url']}", f"GETCOURSE_TOKEN={school['token']}"} <= set(variables)
    assert (set(info["operators"]), info["playbooks"]) == ({"maria", "ivan", "olga"}, ["callback", "school"])
    assert {"origin", "standins", *WORKERS} <= set(info["ports"])
    assert set(info["pids"]) == {"origin", "postgresql", "kafka", "standins", *WORKERS}


@pytest.mark.parametrize(
    ("name", "line"), [("tasks-worker", r"tasks-worker died \(signal 9"), ("postgresql", "PostgreSQL died")]
)
def test_what_is_killed_is_said_and_comes_back(run: Run, name: str, line: str) -> None:
    run.start()
    pid = run.info()["pids"][name]
    os.kill(pid, signal.SIGKILL)
    run.until_said(rf"· {line}.*starting it again")
    until(lambda: run.info()["pids"].get(name, pid) != pid)
    until(run.ready)


def test_two_stacks_live_side_by_side(run: Run, other: Run) -> None:
    run.start()
    other.start()
    other.order("of-the-other")
    until(lambda: ASSIGNED in other.kinds("of-the-other"))
    assert run.kinds("of-the-other") == []
    assert other.end() == 0
    assert run.ready()


def test_ctrl_c_ends_open_streams_and_everything_else(run: Run) -> None:
    run.start()
    log, maria = run.home / "logs" / "origin.log", {"Authorization": f"Bearer {run.info()['operators']['maria']}"}
    with httpx.stream("GET", run.url("/notifications/v1/stream"), headers=maria, timeout=PATIENCE) as stream:
        stream.raise_for_status()
        assert run.end(signal.SIGINT) == 0
    assert run.alive() == []
    assert "graceful shutdown exceeded" not in log.read_text()


def test_a_second_start_is_quick_and_finds_yesterdays_order(run: Run) -> None:
    run.start()
    run.order("of-yesterday")
    until(lambda: DELIVERED in run.kinds("of-yesterday"))
    run.end()
    seconds = run.start()
    print(f"second start: {seconds:.1f} s")  # noqa: T201 - seen with `pytest -s`
    assert seconds <= SECOND_START_SECONDS * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert DELIVERED in run.kinds("of-yesterday")


def test_a_killed_parent_leaves_no_worker_beside_those_of_the_next_start(run: Run) -> None:
    run.start()
    before = run.alive()
    assert run.end(signal.SIGKILL) == -signal.SIGKILL
    run.start()
    until(lambda: not [process for process in before if process in run.alive()])
    assert {process.pid for process in run.alive()} >= set(run.info()["pids"].values())


@pytest.mark.parametrize(
    ("number", "moment"), [(signal.SIGTERM, "starting Kafka"), (signal.SIGHUP, "starting the workers")]
)
def test_a_signal_during_the_start_leaves_nothing_behind(other: Run, number: signal.Signals, moment: str) -> None:
    other.spawn()
    other.until_said(moment)
    assert other.end(number) == 0
    assert other.alive() == []


@pytest.fixture
async def elsewhere(tmp_path: Path, postgres_url: str, kafka_bootstrap: str) -> AsyncIterator[Run]:
    """A stack on servers that are not its own, and on a database that knows nothing of what its home has kept."""
    home = tmp_path / "home"
    home.mkdir()
    # Roles belong to the server: they keep the password that all tests know them by.
    (home / "passwords.json").write_text(json.dumps(dict.fromkeys(SERVICES, PASSWORD)))
    lost = {"id": str(uuid7()), "hook": "/intake/v1/hooks/lost", "secret": "lost"}
    (home / "demo.json").write_text(json.dumps({"landing": lost, "school": lost}))
    (home / "school.json").write_text(json.dumps({"getcourse": lost}))
    async with empty_database(postgres_url) as url:
        given = {"POSTGRES_URL": url, "KAFKA_BOOTSTRAP": kafka_bootstrap, "TOPIC_PREFIX": "elsewhere"}
        stack = Run(home, {**given, "TASKS_UNHEARD_OF": "1", "JWT_AUDIENCE": "somebody-else"})
        yield stack
        stack.end(signal.SIGTERM)


async def test_given_servers_take_the_place_of_the_embedded_ones(elsewhere: Run, kafka_bootstrap: str) -> None:
    elsewhere.start()
    info = elsewhere.info()
    assert (info["postgres_url"], info["kafka_bootstrap"]) == (
        elsewhere.environment["POSTGRES_URL"],
        kafka_bootstrap,
    )
    assert not {"postgresql", "kafka"} & set(info["pids"])
    # What another database has lost is made anew.
    assert elsewhere.order("1") == "accepted"
