"""An edit conflict shows who changed what (412), of tasks by their steps, of other things by their edits."""

from tests.tasks.client import Api
from tests.tasks.desk import ANNA_ID, Desk


async def test_a_task_says_which_steps_made_it_what_it_is(desk: Desk, api: Api) -> None:
    task = await api.task(await desk.lead("callback"))
    await api.call("POST", f"/tasks/{task['id']}/take")
    refused = (await api.outcome(task, "reached", call_made=True)).json()
    steps = [(step["by"], step["what"]) for step in refused["changes"]]
    assert (refused["code"], refused["current"]["operator_id"]) == ("stale_version", str(ANNA_ID))
    assert steps[0] == (str(ANNA_ID), "dozvon.task.taken.v1")


async def test_a_desk_says_who_gave_which_fields(api: Api) -> None:
    await api.call("PATCH", "/desks/demo", sub="ann", role="admin", json={"zone": "Asia/Omsk"}, version=1)
    await api.call("PATCH", "/desks/demo", sub="bob", role="admin", json={"calendar": []}, version=2)
    refused = await api.call("PATCH", "/desks/demo", sub="eve", role="admin", json={"zone": "UTC"}, version=1)
    told = [(each["by"], each["what"], each["fields"]) for each in refused.json()["changes"]]
    assert told == [("bob", "change_desk", ["calendar"]), ("ann", "change_desk", ["zone"])]


async def test_who_had_seen_the_first_change_is_shown_the_second_alone(api: Api) -> None:
    await api.call("PATCH", "/desks/demo", sub="ann", role="admin", json={"zone": "Asia/Omsk"}, version=1)
    await api.call("PATCH", "/desks/demo", sub="bob", role="admin", json={"calendar": []}, version=2)
    refused = await api.call("PATCH", "/desks/demo", role="admin", json={"zone": "UTC"}, version=2)
    assert [each["by"] for each in refused.json()["changes"]] == ["bob"]


async def test_what_was_refused_is_no_edit(desk: Desk, api: Api) -> None:
    await api.call("PATCH", "/desks/demo", role="admin", json={"zone": "Moon/Base"}, version=1)
    assert await desk.ctx.db.pool.fetchval("SELECT count(*) FROM edit") == 0
