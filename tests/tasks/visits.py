"""A lead of a salon, from the call to the visit, for the tests of tasks."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from libs.common.contracts import intake, tasks
from libs.common.contracts.shared import (
    AppointmentStep,
    ChangeTarget,
    ContactKind,
    Customer,
    Language,
    OrderStatus,
    Text,
)
from libs.common.platform.ids import uuid7
from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk, contact
from tests.tasks.support import START

SALON = Path("tests/tasks/salon.yaml").read_text(encoding="utf-8")
PARTNER_ID = UUID(int=77)
VISIT = START + timedelta(days=4)  # a Friday, noon in Moscow
LATER = VISIT + timedelta(days=2)
BUSY = {"call_made": True, "problem": "busy"}
ORDER = intake.Order(
    id=UUID(int=9), number="1042", external_id="LP-77", status=OrderStatus.NEW, version=1, items=()
)


def partner(**changes: object) -> intake.PartnerChanged:
    fields = {
        "partner_id": PARTNER_ID,
        "code": "rose",
        "title": Text(ru="Роза", en="Rose"),
        "version": 1,
        "language": Language.EN,
        "zone": "Asia/Omsk",
        "address": "ул. Лесная, 1",
        "person": Customer(name="Роза", phone="+79990000077"),
    }
    return intake.PartnerChanged.model_validate({**fields, **changes})


@dataclass
class Salon:
    """A lead of the salon's partner, worked by Anna; `answer` says what intake would say to what was asked last."""

    desk: Desk
    api: Api
    lead: intake.LeadReceivedV2
    version: int = 0
    appointment_id: UUID = field(default_factory=uuid7)

    @property
    def lead_id(self) -> UUID:
        return self.lead.lead_id

    async def open(self) -> dict[str, Json]:
        """The open tasks by type."""
        params = {"lead_id": str(self.lead_id), "state": "active"}
        found = (await self.api.call("GET", "/tasks", role="admin", params=params)).json()["items"]
        return {task["type"]: task for task in found}

    async def end(self, kind: str, outcome: str, **given: object) -> None:
        """Take a task when it may be taken, and end it."""
        task = (await self.open())[kind]
        until = datetime.fromisoformat(task["offer_from"]) - self.desk.clock.now()
        await self.desk.pass_time(max(until, timedelta(0)))
        task = (await self.api.call("POST", f"/tasks/{(await self.open())[kind]['id']}/take")).json()
        answer = await self.api.outcome(task, outcome, **given)  # type: ignore[arg-type]  # members of the body
        assert answer.status_code == 200, answer.text

    async def booked(self, at: datetime = VISIT, **fields: object) -> None:
        filled = {"appointment_at": at.isoformat(), "service": "haircut", "customer_name": "Анна", **fields}
        await self.end("call", "booked", call_made=True, fields=filled)
        await self.appointment(AppointmentStep.PLANNED, at)

    async def appointment(self, step: AppointmentStep, at: datetime = VISIT, **said: object) -> None:
        """Intake says what became of the appointment."""
        self.version += 1
        told = intake.AppointmentChanged.model_validate(
            {"appointment_id": self.appointment_id, "lead_id": self.lead_id, "version": self.version, "step": step,
             "at": at, **said}
        )  # fmt: skip
        await self.desk.receive(told)

    async def asked(self, target: ChangeTarget) -> list[dict[str, str]]:
        """The values of every request of a target."""
        found = await self.desk.sent(tasks.ChangeRequested)
        return [request.values for request in found if request.target is target]

    async def messages(self) -> list[str]:
        return [message.purpose for message in await self.desk.sent(tasks.MessageRequested)]

    async def steps(self) -> list[Json]:
        params = {"lead_id": str(self.lead_id)}
        found: list[Json] = (await self.api.call("GET", "/timeline", role="admin", params=params)).json()["items"]
        return found


async def refuse(salon: Salon, target: ChangeTarget, code: str) -> None:
    asked = [request for request in await salon.desk.sent(tasks.ChangeRequested) if request.target is target][-1]
    await salon.desk.receive(
        intake.ChangeRefused(
            request_id=asked.request_id, target=target, target_id=asked.target_id, lead_id=salon.lead_id, code=code,
            current_version=1,
        )
    )  # fmt: skip


def called_back(salon: Salon, kind: ContactKind = ContactKind.CALL_IN) -> intake.ContactRecorded:
    return contact(kind=kind, lead_id=salon.lead_id, customer_id=salon.lead.customer_id, at=salon.desk.clock.now())
