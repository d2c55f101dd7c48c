"""A desk as a file, on all four services: planned, applied, applied again, taken back, exported."""

from pathlib import Path

import httpx
import pytest
import yaml

from deploy.demo.desk import put_to_work
from deploy.standins.getcourse.standin import DEMO_KEY
from libs.common.deskfile.applying import FailedError, apply, export, plan
from libs.common.deskfile.reading import BadFileError, DeskFile, read
from tests.e2e.test_third_playbook import until
from tests.support.stack import ProcessStack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

FILE = Path(__file__).with_name("workshop.yaml")
SCHOOL = Path("deploy/demo/school.yaml")
PLAYBOOK = Path(__file__).with_name("third_playbook.yaml")


def written(folder: Path, code: str, *changes: tuple[str, str]) -> DeskFile:
    """Return the desk under another code, with changes of its text."""
    text = (
        FILE.read_text(encoding="utf-8")
        .replace("desk: workshop", f"desk: {code}")
        .replace("nora:", f"nora-{code}:")
    )
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "third_playbook.yaml").write_bytes(PLAYBOOK.read_bytes())
    (folder / "desk.yaml").write_text(text, encoding="utf-8")
    return read(folder / "desk.yaml", {"WAZZUP_KEY": f"key-{code}", "WAZZUP_CHANNEL": f"channel-{code}"})


def said(answers: object) -> list[str]:
    assert isinstance(answers, dict)
    return [f"{change.action} {change.kind} {change.code}" for each in answers.values() for change in each.changes]


async def first_task(admin: httpx.AsyncClient, lead_id: str) -> dict[str, object]:
    """Wait for the first task of a lead."""

    async def look() -> dict[str, object] | None:
        found = await admin.get("/tasks/v1/tasks", params={"lead_id": lead_id})
        return next(iter(found.json()["items"]), None)

    return await until(look)


async def test_a_file_makes_a_desk_that_works_and_the_second_time_nothing(
    stack: ProcessStack, admin: httpx.AsyncClient, tmp_path: Path
) -> None:
    file = written(tmp_path, "bikes")
    await stack.open_account("key-bikes", "channel-bikes")
    outcome = await put_to_work(admin, file)
    assert len(said(outcome.answers)) == 8
    assert said(await plan(admin, file)) == []
    token, hook = outcome.said("intake", "secrets")["site"], outcome.said("intake", "hooks")["site"]
    order = {"external_id": "b-1", "name": "Глеб", "phone": "+79000000312"}
    posted = await admin.post(str(hook), json=order, headers={"X-Source-Token": str(token)})
    assert posted.status_code == 202
    assert (await first_task(admin, posted.json()["lead_id"]))["desk"] == "bikes"


@pytest.mark.req("S4.6", "S4.12", "S4.16")
async def test_the_file_of_the_school_makes_its_desk_and_the_second_time_nothing(admin: httpx.AsyncClient) -> None:
    given = {"WAZZUP_KEY": "key-school", "WAZZUP_CHANNEL": "channel-school", "SMSRU_ID": "id-school"}
    team = {"TEAM_URL": "https://chat.example.com/hooks/school"}
    shop = {"SCHOOL_TOKEN": "t" * 32, "GETCOURSE_KEY": DEMO_KEY}
    file = read(SCHOOL, {**given, **team, **shop})
    await apply(admin, file, await plan(admin, file))
    assert said(await plan(admin, file)) == []


async def test_what_is_exported_is_a_file_that_changes_nothing(admin: httpx.AsyncClient, tmp_path: Path) -> None:
    file = written(tmp_path, "exported")
    await apply(admin, file, await plan(admin, file))
    (tmp_path / "again.yaml").write_text(yaml.safe_dump(await export(admin, "exported"), allow_unicode=True))
    assert said(await plan(admin, read(tmp_path / "again.yaml", {}))) == []


async def test_every_fault_of_every_service_is_named_with_its_line_and_nothing_is_made(
    admin: httpx.AsyncClient, tmp_path: Path
) -> None:
    file = written(
        tmp_path, "faulty", ("Asia/Omsk\ncal", "Asia/Omks\ncal"), ("pools: [workshop]", "pools: [workshp]"),
        ("workshop_ready:", "workshop_raedy:"), ("playbook: workshop,", "playbook: workshpo,"),
    )  # fmt: skip
    with pytest.raises(BadFileError) as refused:
        await plan(admin, file)
    lines = {line.split(": ")[0].rpartition(":")[2]: line for line in refused.value.lines}
    assert {"4", "12"} <= lines.keys()
    assert "workshop" in lines["12"]
    assert (await admin.get("/tasks/v1/desks/faulty")).status_code == 404


async def test_faults_of_no_stage_hide_those_of_another(admin: httpx.AsyncClient, tmp_path: Path) -> None:
    """The file's own, a shape, a rule within a service, a name and a placeholder: all in one answer."""
    file = written(
        tmp_path, "many", ("{env: WAZZUP_KEY}", "{env: NO_SUCH_KEY}"), ("roles: [mechanic]", "roles: 5"),
        ("pools:\n", "pools:\n  paint: {title: 5}\n"), ("bring your bicycle", "bring your {bycicle"),
        ("заказ {order_number}", "заказ {ordr_number}"), ("zone: Asia/Omsk, language: ru", "zone: Asia/Omks"),
        ("playbook: workshop,", "playbook: workshpo,"),
    )  # fmt: skip
    with pytest.raises(BadFileError) as refused:
        await plan(admin, file)
    assert [line.split(": ")[1] for line in refused.value.lines] == [
        "/channels/main/config/api_key", "/pools/paint/title", "/operators/nora-many/roles",
        "/templates/workshop_welcome/bodies/en", "/sources/site/zone", "/templates/workshop_welcome/bodies/ru",
        "/sources/site/playbook",
    ]  # fmt: skip


async def test_a_placeholder_that_no_message_fills_in_is_a_fault(admin: httpx.AsyncClient, tmp_path: Path) -> None:
    file = written(tmp_path, "unfilled", ("заказ {order_number}", "заказ {ordr_number}"))
    with pytest.raises(BadFileError) as refused:
        await plan(admin, file)
    assert [line.partition(": ")[2] for line in refused.value.lines] == [
        "/templates/workshop_welcome/bodies/ru: playbook 'workshop' fills in no {ordr_number};"
        " it fills in order_number"
    ]


async def test_names_of_another_part_are_checked_against_the_file(admin: httpx.AsyncClient, tmp_path: Path) -> None:
    file = written(
        tmp_path, "misnamed", ("workshop_ready:", "workshop_raedy:"), ("playbook: workshop,", "playbook: workshpo,")
    )
    with pytest.raises(BadFileError) as refused:
        await plan(admin, file)
    template, playbook = (line.partition(": ")[2] for line in refused.value.lines)
    nearest = "the desk has no template 'workshop_ready'; it has workshop_raedy, workshop_welcome"
    assert template == f"/playbooks/workshop/messages/ready/template: {nearest}"
    assert playbook == "/sources/site/playbook: the desk has no playbook 'workshpo'; it has workshop"


async def test_what_a_later_service_refuses_is_taken_back_at_the_earlier_ones(
    admin: httpx.AsyncClient, tmp_path: Path
) -> None:
    file = written(tmp_path, "undone")
    await apply(admin, file, await plan(admin, file))
    changed = written(tmp_path, "undone", ("Нора", "Нора П."), ("Asia/Omsk\ncal", "Asia/Tomsk\ncal"))
    plans = await plan(admin, changed)
    mine = {"desk": "undone", "code": "second", "format": "landing", "playbook": "workshop", "zone": "Asia/Omsk"}
    assert (await admin.post("/intake/v1/sources", json=mine)).status_code == 201
    with pytest.raises(FailedError) as failed:
        await apply(admin, changed, plans)
    assert failed.value.taken_back == {"assignment": "as before", "tasks": "as before"}
    now = await export(admin, "undone")
    assert (now["zone"], now["operators"]["nora-undone"]["name"]) == ("Asia/Omsk", "Нора")  # type: ignore[index]  # objects
