"""A school in one service: an order as GetCourse sends it, its customer's words, what providers report."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from libs.common.contracts import intake, tasks
from libs.common.contracts.intake import LeadReceived
from libs.common.contracts.notifications import FinalState, MessageFailed
from libs.common.contracts.rates import RateChanged
from libs.common.contracts.shared import ContactKind, Direction, OrderStatus, Speaker
from libs.common.platform.ids import uuid7
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, contact, lead, operator

M = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass
class School:
    """An order that has come, and the manager Anna; Boris sees to payments and the platform."""

    desk: Desk
    api: Api
    lead: LeadReceived

    @classmethod
    async def opened(cls, desk: Desk, api: Api) -> "School":
        await desk.receive(
            operator(ANNA_ID, "anna", name="Анна", pools=("sales",)),
            operator(BORIS_ID, "boris", name="Борис", pools=("payments", "platform")),
        )
        order = lead("school", received_at=desk.clock.now())
        await desk.receive(order)
        return cls(desk, api, order)

    async def taken(self) -> Json:
        """Return the order once a manager has it, in its corridor."""
        await self.desk.pass_time(20 * M)
        return await self.next()

    async def next(self, sub: str = "anna") -> Json:
        task: Json = (await self.api.call("POST", "/next", sub=sub)).json()["task"]
        return task

    async def ended(self, task: Json, outcome: str, sub: str = "anna", **given: object) -> None:
        answer = await self.api.outcome(task, outcome, sub, **given)
        assert answer.is_success, answer.text

    async def pays(self) -> None:
        """Let GetCourse say that the order is paid."""
        await self.changes(OrderStatus.PAID)

    async def changes(self, status: OrderStatus) -> None:
        """Let GetCourse say how the order stands."""
        was = self.lead
        await self.desk.receive(
            intake.OrderChanged(
                lead_id=was.lead_id, order_id=was.order_id, order_number=was.order_number,
                external_id=was.external_id, from_status=OrderStatus.NEW, to_status=status,
            )
        )  # fmt: skip

    async def writes(self, text: str, source: str = "wazzup") -> None:
        """Let the customer write."""
        said = {"kind": ContactKind.MESSAGE, "at": self.desk.clock.now(), "message_id": uuid7(), "source": source}
        person = Speaker(phone="+79990000001", text=text)
        await self.desk.receive(contact(lead_id=self.lead.lead_id, person=person, **said))

    async def answered(self) -> None:
        """Let somebody answer from the messenger's own app."""
        said = {"kind": ContactKind.MESSAGE, "at": self.desk.clock.now(), "direction": Direction.OUT}
        await self.desk.receive(contact(lead_id=self.lead.lead_id, message_id=uuid7(), **said))

    async def fails(self, purpose: str, code: str = "no_address") -> None:
        """Let a message of a purpose fail."""
        sent = (await self.messages(purpose))[-1]
        await self.desk.receive(
            MessageFailed(
                message_id=sent.message_id, lead_id=sent.lead_id, process_id=sent.process_id,
                template=sent.template, purpose=sent.purpose, channel="email", provider="smtp",
                state=FinalState.FAILED, code=code, detail="",
            )
        )  # fmt: skip

    async def knows_rate(self, currency: str, per_unit: str, days: int = 0, holds: int = 5) -> None:
        """Let intake say an official rate of some days ago, which holds for `holds` days."""
        day = self.desk.clock.now().date() - days * DAY
        until = day + holds * DAY
        rate = RateChanged(
            currency=currency, base="RUB", day=day, holds_until=until, per_unit=Decimal(per_unit), official=True
        )
        await self.desk.receive(rate, desk="*")

    async def messages(self, purpose: str | None = None) -> list[tasks.MessageRequested]:
        """Return what was asked to be sent: all of it, or for one purpose."""
        found = await self.desk.sent(tasks.MessageRequested)
        return [one for one in found if purpose in (None, one.purpose)]

    async def open_types(self) -> list[str]:
        """Return the types of the tasks that are open."""
        params = {"lead_id": str(self.lead.lead_id), "state": "active"}
        shown = await self.api.call("GET", "/tasks", role="admin", params=params)
        return sorted(task["type"] for task in shown.json()["items"])

    async def task(self, kind: str) -> Json:
        """Return the open task of a type."""
        params = {"lead_id": str(self.lead.lead_id), "state": "active", "type": kind}
        [task] = (await self.api.call("GET", "/tasks", role="admin", params=params)).json()["items"]
        found: Json = task
        return found

    async def take(self, kind: str, sub: str = "anna", role: str = "operator") -> Json:
        """Return a task once somebody has taken it."""
        task = await self.task(kind)
        answer = await self.api.call("POST", f"/tasks/{task['id']}/take", sub=sub, role=role)
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found

    @property
    def id(self) -> UUID:
        """The lead."""
        return self.lead.lead_id
