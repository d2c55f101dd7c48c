"""What the product shows of a day, by its APIs."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import httpx

from deploy.demo.day.balance import Given, Seen, Sent, TaskSeen
from deploy.demo.day.ground import Ground, asked
from deploy.demo.day.managers import done
from deploy.demo.day.rota import read_rota

_STATES = ("active", "deferred", "completed", "failed")


async def read_day(ground: Ground, token: str, desk: str, since: datetime) -> Seen:
    """Read a desk's leads that came since a moment, and all that belongs to them; `token` is an administrator's."""
    who = {"Authorization": f"Bearer {token}"}
    own = {"desk": desk, "created_from": since.isoformat()}
    found = [one async for one in _all(ground, who, "/intake/v1/leads", own)]
    leads = {one["id"]: one["stage"] for one in found}
    tasks = [
        _task(one)
        for state in _STATES
        async for one in _all(ground, who, "/tasks/v1/tasks", {"desk": desk, "state": state})
        if one["lead_id"] in leads
    ]
    given = [
        Given(one["task_id"], one["operator_id"], datetime.fromisoformat(one["at"]))
        async for one in _all(ground, who, "/assignment/v1/decisions", {"desk": desk})
        if one["operator_id"] and one["lead_id"] in leads and one["outcome"] == "confirmed"
    ]
    asked_since = {"desk": desk, "requested_from": since.isoformat()}
    messages = [
        Sent(one["id"], one["lead_id"], one["state"], one["text"] or "", one["held_until"] is not None)
        async for one in _all(ground, who, "/notifications/v1/messages", asked_since)
        if one["lead_id"] in leads
    ]
    arrivals, late = await _arrivals(ground, who, asked_since), await _late(ground, who, desk, since)
    rota = await read_rota(ground, desk, since, who)
    return Seen(leads, tasks, given, messages, await _accepted(ground), arrivals, late, rota)


def _task(one: Mapping[str, Any]) -> TaskSeen:
    taken = datetime.fromisoformat(one["taken_at"]) if one["taken_at"] else None
    active, called = one["state"] == "active", bool(one["call_made"])
    return TaskSeen(one["id"], one["lead_id"], active, called, one["operator_id"], taken)


async def _arrivals(ground: Ground, who: Mapping[str, str], query: Mapping[str, str]) -> int:
    """Return how many arrivals were said to the team (S4.6)."""
    said = [one async for one in _all(ground, who, "/notifications/v1/messages", query)]
    return sum(one["template"] == "on_place" and one["state"] != "failed" for one in said)


async def _late(ground: Ground, who: Mapping[str, str], desk: str, since: datetime) -> Mapping[str, int]:
    """Return by how many minutes who came late; one who did not come at all, by a day."""
    query = {"desk": desk, "since": since.isoformat()}
    said = [one async for one in _all(ground, who, "/assignment/v1/lateness", query)]
    of_day = [one for one in said if datetime.fromisoformat(one["starts_at"]) >= since]
    return {one["operator_id"]: 24 * 60 if one["minutes"] is None else one["minutes"] for one in of_day}


async def _accepted(ground: Ground) -> Mapping[str, int]:
    """Return how often the messenger took each message, by the key that it was offered under."""
    journal = (await ground.standin("/wazzup/_journal")).json()["items"]
    return Counter(str(entry["crm_message_id"]) for entry in journal)


async def _all(
    ground: Ground, who: Mapping[str, str], path: str, query: Mapping[str, str]
) -> AsyncIterator[dict[str, Any]]:
    cursor = None
    while True:
        more = {"cursor": str(cursor)} if cursor else dict[str, str]()
        address = str(httpx.URL(path).copy_merge_params({**query, "limit": "200", **more}))
        page = done(await asked(ground.client, "GET", address, headers=who))
        for item in page["items"]:
            yield item
        cursor = page["next_cursor"]
        if cursor is None:
            return
