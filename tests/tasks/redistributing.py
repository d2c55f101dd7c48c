"""Redistributions over HTTP, as the tests of them make, apply and read them."""

from uuid import UUID

from libs.common.contracts import tasks
from libs.common.contracts.assignment import WorkWaiting
from libs.common.contracts.shared import Presence
from libs.common.platform.ids import uuid7
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, operator, proposal

CLARA_ID = UUID(int=3)
TO_BORIS: Json = {"to_operator_ids": [str(BORIS_ID)]}
OUT = operator(ANNA_ID, "anna", presence=Presence.CHECKED_OUT, version=2)


async def owned(desk: Desk, api: Api, *, taken: bool = False, playbook: str = "callback") -> UUID:
    """A lead of Anna's, with its call."""
    lead_id = await desk.lead(playbook)
    task = await api.task(lead_id)
    await desk.receive(proposal(task["id"], lead_id))
    if taken:
        await api.call("POST", f"/tasks/{task['id']}/take")
    return lead_id


async def planned(api: Api, more: Json | None = None, status: int = 201) -> Json:
    body = {"desk": "demo", "from_operator_id": str(ANNA_ID), "comment": "заболела", **(more or {})}
    answer = await api.call("POST", "/redistributions", sub="chief", role="supervisor", json=body)
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


async def step(api: Api, what: Json, how: str) -> Json:
    path = f"/redistributions/{what['id']}/{how}"
    answer = await api.call("POST", path, sub="chief", role="supervisor", version=what["version"])
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def applied(api: Api, more: Json | None = None) -> Json:
    return await step(api, await planned(api, more), "apply")


async def members(api: Api, what: Json, part: str = "members") -> list[Json]:
    path = f"/redistributions/{what['id']}/{part}"
    found: list[Json] = (await api.call("GET", path, role="supervisor", params={"limit": "200"})).json()["items"]
    return found


async def states(api: Api, what: Json) -> list[tuple[str, str | None]]:
    return [(member["state"], member["note"]) for member in await members(api, what)]


async def answered(desk: Desk, to: UUID = BORIS_ID) -> None:
    """Let assignment propose the operator for the last request."""
    asked = (await desk.sent(tasks.WorkRequested))[-1]
    await desk.receive(proposal(asked.task_id, asked.lead_id, asked.task_version, to))


async def no_room(desk: Desk) -> None:
    """Let assignment find nobody for the last request."""
    asked = (await desk.sent(tasks.WorkRequested))[-1]
    await desk.receive(
        WorkWaiting(
            task_id=asked.task_id, lead_id=asked.lead_id, pool="callback", decision_id=uuid7(), candidates=()
        )
    )


async def active(api: Api) -> list[Json]:
    found: list[Json] = (await api.call("GET", "/tasks", role="admin", params={"state": "active"})).json()["items"]
    return found


async def count(api: Api, what: Json) -> tuple[str, int]:
    now = (await api.call("GET", f"/redistributions/{what['id']}", role="supervisor")).json()
    return now["state"], now["members"].get("moved", 0)
