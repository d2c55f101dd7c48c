"""Whose personal data an answer gives out, as its operation declares it."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest
from pydantic import BaseModel

from libs.common.platform.audit.shown import Shown, shown_in
from libs.common.platform.http.pagination import Page

pytestmark = [pytest.mark.req("P.7")]
ANNA, LEAD = UUID(int=1), UUID(int=2)


@dataclass
class Whom:
    kind: str
    id: UUID


@dataclass
class Task:
    subject: Whom


class Item(BaseModel):
    desk: str
    lead_id: UUID | None = None
    customer_id: UUID = ANNA


@dataclass
class Next:
    task: Task | None
    steps: list[Item] = field(default_factory=list)


def test_each_item_of_a_page_names_whose_it_is_and_its_desk() -> None:
    page: Page[Item] = Page(items=[Item(desk="b", lead_id=LEAD), Item(desk="a")])
    found = shown_in(page, ["lead:lead_id", "customer:customer_id"], {})
    assert found == Shown([f"customer:{ANNA}", f"lead:{LEAD}"], ["a", "b"], 2)


@pytest.mark.parametrize(
    ("answer", "place", "whose"),
    [
        (Next(Task(Whom("partner", ANNA))), "task.subject", [f"partner:{ANNA}"]),
        (Next(None), "task.subject", []),
        (Next(None, [Item(desk="a", lead_id=LEAD), Item(desk="a")]), "lead:steps.lead_id", [f"lead:{LEAD}"]),
        (Next(None), "task:task_id", [f"task:{LEAD}"]),
    ],
    ids=["kind and id", "none", "a list", "from the request"],
)
def test_a_path_leads_to_whose_the_data_are(answer: Next, place: str, whose: list[str]) -> None:
    assert shown_in(answer, [place], {"task_id": LEAD}).whose == whose


def test_an_empty_page_shows_no_person() -> None:
    empty: Page[Item] = Page(items=[])
    assert shown_in(empty, ["lead:lead_id"], {"lead_id": LEAD}) == Shown([], [], 0)
