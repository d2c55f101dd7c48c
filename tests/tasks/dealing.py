"""A lead of the school and its money, for the tests of tasks: `says` is what intake would say."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from libs.common.contracts import intake, payments, tasks
from libs.common.contracts.shared import (
    AccessAction,
    AccessStatus,
    ChangeTarget,
    OrderStatus,
    PaymentKind,
    PaymentStatus,
    RefundState,
)
from libs.common.domain.money import Money
from libs.common.platform.ids import uuid7
from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk
from tests.tasks.desk import lead as new_lead
from tests.tasks.support import LIBRARY

REFUND = (LIBRARY / "refund.yaml").read_text(encoding="utf-8")
COST = Money(amount="4990", currency="RUB")


@dataclass
class Sale:
    """A lead of the school, worked by Anna; Vera is responsible for payments."""

    desk: Desk
    api: Api
    lead: intake.LeadReceived = field(default_factory=lambda: new_lead("school"))
    version: int = 1

    async def begin(self) -> None:
        await self.desk.receive(self.lead)

    async def open(self) -> dict[str, Json]:
        """The open tasks by type, of all of the lead's processes."""
        params = {"lead_id": str(self.lead.lead_id), "state": "active"}
        found = (await self.api.call("GET", "/tasks", role="admin", params=params)).json()["items"]
        return {task["type"]: task for task in found}

    async def end(self, kind: str, outcome: str, sub: str = "anna", **given: object) -> None:
        """Take a task when it may be taken, and end it."""
        until = datetime.fromisoformat((await self.open())[kind]["offer_from"]) - self.desk.clock.now()
        await self.desk.pass_time(max(until, timedelta(0)))
        task = (await self.open())[kind]
        taken = await self.api.call("POST", f"/tasks/{task['id']}/take", sub=sub)
        assert taken.status_code == 200, taken.text
        answer = await self.api.outcome(taken.json(), outcome, sub=sub, **given)
        assert answer.status_code == 200, answer.text

    async def asked(self, target: ChangeTarget) -> list[dict[str, str]]:
        """The values of every request of a target."""
        found = await self.desk.sent(tasks.ChangeRequested)
        return [request.values for request in found if request.target is target]

    async def messages(self) -> list[str]:
        return [message.purpose for message in await self.desk.sent(tasks.MessageRequested)]

    async def ordered(self, status: OrderStatus, held_until: datetime | None = None) -> None:
        """Intake says how the order is."""
        self.version += 1
        await self.desk.receive(
            intake.OrderChanged(
                lead_id=self.lead.lead_id, customer_id=self.lead.customer_id, order_id=self.lead.order_id,
                order_number="1042", external_id=self.lead.external_id, from_status=OrderStatus.IN_WORK,
                to_status=status, amount=COST, version=self.version, held_until=held_until,
            )
        )  # fmt: skip

    async def paid(
        self, kind: PaymentKind, status: PaymentStatus = PaymentStatus.RECEIVED, *, doubled: bool = False
    ) -> None:
        """Intake says of a payment of the whole sum; the order that it completes is said before."""
        await self.ordered(OrderStatus.PAID)
        received = payments.PaymentRecorded(
            **self._of_order(), payment_id=uuid7(), version=1, kind=kind, status=status, amount=COST, received=COST,
            fully_paid=True, doubled=doubled, at=self.desk.clock.now(),
        )  # fmt: skip
        await self.desk.receive(received)

    async def refunds(self, state: RefundState, due_on: date | None = None) -> None:
        """Intake says how far the refund is."""
        changed = payments.RefundChanged(
            **self._of_order(), refund_id=UUID(int=8), version=1, state=state, due_on=due_on
        )
        await self.desk.receive(changed)

    async def access(self, action: AccessAction, status: AccessStatus) -> None:
        """Intake says of access."""
        changed = payments.AccessChanged(
            **self._of_order(), access_id=UUID(int=9), version=1, action=action, status=status
        )
        await self.desk.receive(changed)

    def _of_order(self) -> Json:
        lead = self.lead
        return {
            "lead_id": lead.lead_id, "customer_id": lead.customer_id, "order_id": lead.order_id,
            "order_number": "1042",
        }  # fmt: skip
