"""Kill every container of the running demo, one by one, under orders: `python -m tests.deploy.compose_drill`.

Needs the demo of deploy/compose.yml up (docs/operations.md, *Containers*); `make drill` puts one up for it. Not
part of `make test`: it takes minutes and a container engine. Exit code 1 when an accepted order was lost, doubled
or left without operator or message.
"""

import argparse
import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from deploy.demo.desk import DemoDesk
from tests.support.customers import POOL_ROOM, Customers

SERVICES = ("intake", "tasks", "assignment", "notifications")
PARTS = tuple(f"{service}-{part}" for service in SERVICES for part in ("api", "worker"))
TARGETS = (*PARTS, "gateway", "standins", "kafka", "postgres")
FILES = ("--env-file", "deploy/demo.env", "-f", "deploy/compose.yml")
PROJECT = "dozvon"
BACK_SECONDS = 120.0
SETTLE_SECONDS = 180.0
SENT = frozenset(f"dozvon.message.{end}.v1" for end in ("sent", "delivered", "read", "failed"))
_JOURNAL = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8002/wazzup/_journal').read().decode())"


@dataclass(frozen=True, slots=True)
class Engine:
    """The container engine and its compose, as command lines; `crash` kills the process, not the container."""

    engine: Sequence[str]
    compose: Sequence[str]
    crash: bool
    project: str = PROJECT

    def run(self, command: Sequence[str]) -> str:
        """Run a command and return what it printed; its complaints go through. Raises CalledProcessError."""
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def inside(self, *command: str) -> str:
        """Run a compose command of the demo."""
        return self.run([*self.compose, "-p", self.project, *FILES, *command])

    def container(self, service: str) -> str:
        """Return the name of a service's container."""
        return f"{self.project}-{service}-1"

    def kill(self, service: str) -> None:
        """End a container at once: by the engine, which leaves it down, or as a crash, which restarts it."""
        if self.crash:
            pid = self.run([*self.engine, "inspect", "-f", "{{.State.Pid}}", self.container(service)])
            os.kill(int(pid), signal.SIGKILL)
        else:
            self.run([*self.engine, "kill", "--signal", "KILL", self.container(service)])

    def bring_back(self, service: str) -> None:
        """Start what the engine killed; a crashed one is left to its restart policy."""
        if not self.crash:
            self.run([*self.engine, "start", self.container(service)])


async def desk_of(engine: Engine) -> DemoDesk:
    """Ask the seeding job, which is safe to repeat, for the demo desk."""
    output = await asyncio.to_thread(engine.inside, "run", "--rm", "--no-deps", "demo-desk")
    made = json.loads(output[output.index("{") :])
    landing, school = made["sources"]["landing"], made["sources"]["school"]
    return DemoDesk(
        landing["url"], landing["token"], school["url"], school["token"], made["token"], made["operators"]
    )


async def make_room(client: httpx.AsyncClient) -> None:
    """Give every operator capacity for all the orders of the drill."""
    for operator in (await client.get("/assignment/v1/operators")).raise_for_status().json()["items"]:
        seen = {"If-Match": f'"{operator["version"]}"'}
        path = f"/assignment/v1/operators/{operator['id']}"
        (await client.patch(path, json={"capacity": POOL_ROOM}, headers=seen)).raise_for_status()


async def until_ready(client: httpx.AsyncClient) -> float:
    """Return the seconds until the origin is ready. Raises TimeoutError after two minutes."""
    started = time.monotonic()
    async with asyncio.timeout(BACK_SECONDS):
        while True:
            try:
                if (await client.get("/readyz")).status_code == httpx.codes.OK:
                    return time.monotonic() - started
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.5)


async def kill_all(engine: Engine, client: httpx.AsyncClient, targets: Sequence[str]) -> None:
    """Kill each target once, three seconds down, and wait until all is ready again."""
    for target in targets:
        await asyncio.to_thread(engine.kill, target)
        await asyncio.sleep(3)
        await asyncio.to_thread(engine.bring_back, target)
        seconds = await until_ready(client)
        print(f"killed {target}: ready again after {seconds:.1f} s", flush=True)
        await asyncio.sleep(2)


async def left_over(client: httpx.AsyncClient, orders: Sequence[str]) -> Mapping[str, str]:
    """Return what orders still lack, by external id, once nothing changes any more or time is up."""
    left = dict.fromkeys(orders, "not seen")
    deadline = time.monotonic() + SETTLE_SECONDS
    while left and time.monotonic() < deadline:
        for external_id in list(left):
            lacks = await lacking(client, external_id)
            left[external_id] = lacks
            if not lacks:
                del left[external_id]
        await asyncio.sleep(1)
    return left


async def lacking(client: httpx.AsyncClient, external_id: str) -> str:
    """Return what the order's timeline lacks: nothing when it has one operator and its message went out."""
    answer = await client.get("/tasks/v1/timeline", params={"source": "landing", "external_id": external_id})
    if answer.status_code != httpx.codes.OK:
        return f"timeline {answer.status_code}"
    kinds = [item["kind"] for item in answer.json()["items"]]
    faults = [
        "" if kinds.count("dozvon.task.opened.v1") == 1 else "one task",
        "" if kinds.count("dozvon.task.assigned.v1") == 1 else "one operator",
        "" if SENT.intersection(kinds) else "message",
    ]
    return ", ".join(fault for fault in faults if fault)


async def drill(engine: Engine, origin: str, targets: Sequence[str], rate: float) -> int:
    """Do the whole drill; return the exit code."""
    desk = await desk_of(engine)
    auth = {"Authorization": f"Bearer {desk.token}"}
    async with httpx.AsyncClient(base_url=origin, headers=auth, timeout=10) as client:
        await until_ready(client)
        await make_room(client)
        customers = Customers(client, desk, f"drill-{time.time_ns()}")
        stop = asyncio.Event()
        orders = asyncio.create_task(customers.keep_posting(rate, stop))
        try:
            await kill_all(engine, client, targets)
        finally:
            stop.set()
            await orders
        await customers.post_again()
        left = await left_over(client, list(customers.answers))
    journal = json.loads(engine.inside("exec", "-T", "standins", "/opt/dozvon/bin/python", "-c", _JOURNAL))
    doubled = [*customers.answered_twice(), *journal["twice"]]
    print(f"{len(customers.answers)} orders accepted, {len(left)} not at their end, {len(doubled)} doubled")
    for external_id, lacks in left.items():
        print(f"  {external_id} lacks: {lacks}")
    return 1 if left or doubled else 0


def main() -> int:
    """Read the arguments and run the drill."""
    parser = argparse.ArgumentParser(prog="python -m tests.deploy.compose_drill", description=__doc__)
    parser.add_argument("--engine", default="docker", help="docker or podman")
    parser.add_argument("--compose", default="docker compose", help="the compose command")
    parser.add_argument("--project", default=PROJECT, help="the compose project that is up")
    parser.add_argument("--origin", default="http://127.0.0.1:8080")
    parser.add_argument("--rate", type=float, default=2.0, help="orders per second")
    parser.add_argument("--crash", action="store_true", help="kill main processes by pid (root, same machine)")
    parser.add_argument("targets", nargs="*", default=list(TARGETS), help=f"of {', '.join(TARGETS)}")
    args = parser.parse_args()
    engine = Engine(shlex.split(args.engine), shlex.split(args.compose), args.crash, args.project)
    return asyncio.run(drill(engine, args.origin, args.targets, args.rate))


if __name__ == "__main__":
    sys.exit(main())
