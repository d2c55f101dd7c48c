"""Questionnaires, counts and documents: asked, stored with the outcome, shown, and what follows (S3.13, S3.18)."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from libs.common.contracts import tasks
from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk

QUALITY = Path("tests/tasks/quality.yaml").read_text(encoding="utf-8")
ANSWERS: dict[str, object] = {"speed": 2, "mechanic": "rude", "words": " Ждал два часа "}
ACT = {"title": "Акт", "number": "17-А", "url": "https://docs.example.com/17"}


@dataclass
class Survey:
    """A lead whose visit is asked about; each open task is Anna's."""

    api: Api
    lead_id: UUID

    async def end(self, outcome: str, **fields: object) -> Json:
        task = (await self.api.call("POST", f"/tasks/{(await self.api.task(self.lead_id))['id']}/take")).json()
        answer = await self.api.outcome(task, outcome, fields=fields)
        return {"status": answer.status_code, **answer.json()}

    async def timeline(self) -> Json:
        answer = await self.api.call("GET", "/timeline", params={"lead_id": str(self.lead_id)})
        found: Json = answer.json()
        return found

    async def titles(self) -> list[str]:
        return [step["title"] for step in (await self.timeline())["items"]]


@pytest_asyncio.fixture
async def survey(desk: Desk, api: Api) -> Survey:
    await desk.activate_playbook(QUALITY)
    return Survey(api, await desk.lead("quality"))


@pytest.mark.req("S3.13")
async def test_the_answers_are_stored_with_the_outcome_and_shown_in_the_timeline(survey: Survey) -> None:
    stored = {"speed": "2", "mechanic": "rude", "words": "Ждал два часа"}
    answer = await survey.end("asked", survey=ANSWERS)
    shown = [step["facts"].get("answers") for step in (await survey.timeline())["items"]]
    assert (answer["status"], answer["fields"]) == (200, {"survey": stored})
    assert {"survey": stored} in shown


@pytest.mark.req("S3.13")
@pytest.mark.parametrize(("speed", "follows"), [(2, ["complaint"]), (3, []), (5, [])])
async def test_a_low_answer_opens_the_complaint(survey: Survey, desk: Desk, speed: int, follows: list[str]) -> None:
    await survey.end("asked", survey={"speed": speed, "mechanic": "polite"})
    assert {task.task_type for task in await desk.tasks()} == {"survey", *follows}


@pytest.mark.req("S3.13")
async def test_every_fault_of_a_questionnaire_is_named_at_its_question(survey: Survey) -> None:
    wrong = {"price": 11, "mechanic": "late", "words": 5, "colour": "red"}
    answer = await survey.end("asked", survey=wrong)
    found = {fault["pointer"]: fault["code"] for fault in answer["errors"]}
    assert (answer["status"], found) == (
        422,
        {
            "/fields/survey/speed": "answer_required",
            "/fields/survey/price": "off_the_scale",
            "/fields/survey/mechanic": "not_a_choice",
            "/fields/survey/words": "not_a_text",
            "/fields/survey/colour": "unknown_field",
        },
    )


@pytest.mark.req("S3.13")
async def test_a_task_shows_the_questions_that_its_outcome_asks(survey: Survey) -> None:
    task = await survey.api.task(survey.lead_id)
    ((field,),) = [outcome["fields"] for outcome in task["outcomes"]]
    asked = [(one["code"], one["type"], one["at_most"], len(one["choices"])) for one in field["questions"]]
    scales, others = [("speed", "scale", 5, 0), ("price", "scale", 10, 0)], [("words", "text", None, 0)]
    assert asked == [*scales, ("mechanic", "choice", None, 2), *others]


async def test_answers_and_documents_stand_in_no_event(survey: Survey, desk: Desk) -> None:
    await survey.end("asked", survey=ANSWERS)
    await survey.end("settled", act=ACT)
    said = [event.model_dump_json() for event in await desk.sent(tasks.TasksEvent)]
    assert said
    assert not any("два часа" in one or "17-А" in one for one in said)


@pytest.mark.req("S3.13")
async def test_what_is_counted_decides_what_follows_and_is_shown(survey: Survey, desk: Desk) -> None:
    await survey.end("asked", survey=ANSWERS)
    await survey.end("unsettled")
    assert {task.task_type for task in await desk.tasks()} == {"survey", "complaint", "explain"}
    assert {"Жалобы: 1", "Жалобы: 3"} <= set(await survey.titles())


@pytest.mark.req("S3.18")
async def test_documents_are_linked_to_the_subject_and_shown_with_it(survey: Survey) -> None:
    await survey.end("asked", survey=ANSWERS)
    await survey.end("settled", act=ACT)
    guide = {"title": "Памятка о жалобах", "number": None, "url": "https://example.com/complaints"}
    assert (await survey.timeline())["documents"] == [ACT, guide]
    assert {"Документ: Акт", "Документ: Памятка о жалобах"} <= set(await survey.titles())


async def test_a_document_that_was_not_given_is_not_linked(survey: Survey) -> None:
    await survey.end("asked", survey=ANSWERS)
    await survey.end("settled")
    assert [one["title"] for one in (await survey.timeline())["documents"]] == ["Памятка о жалобах"]


@pytest.mark.req("S3.18")
@pytest.mark.parametrize(
    ("act", "pointers"),
    [
        ("17-А", {"/fields/act"}),
        ({"number": "17-А"}, {"/fields/act/title", "/fields/act/url"}),
        ({**ACT, "url": "javascript:alert(1)", "number": "7" * 101}, {"/fields/act/url", "/fields/act/number"}),
        ({**ACT, "pages": 3}, {"/fields/act/pages"}),
    ],
)
async def test_every_fault_of_a_document_is_named_at_its_part(
    survey: Survey, act: object, pointers: set[str]
) -> None:
    await survey.end("asked", survey=ANSWERS)
    answer = await survey.end("settled", act=act)
    assert {fault["pointer"] for fault in answer["errors"]} == pointers
