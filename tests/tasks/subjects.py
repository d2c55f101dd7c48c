"""Playbooks of several subjects for the tests of tasks, and what other services say about these."""

from uuid import UUID

from libs.common.contracts import intake
from libs.common.contracts.notifications import MessageDelivered
from libs.common.contracts.shared import Customer, OrderStatus, Stage
from libs.common.platform.ids import uuid7
from tests.tasks.desk import Desk, lead_v2
from tests.tasks.support import TINY

HEARD = "{ru: Слышно, en: Heard}"
#: A lead's process that starts a second one beside it, and listens to its customer.
MAIN = (
    TINY.replace("playbook: tiny", "playbook: main\nlistens: [customer_changed]")
    + f"""\
  order_changed:
    - when: {{order_status: refund_requested}}
      then:
        - start: {{playbook: refund}}
    - then:
        - note: {HEARD}
  customer_changed:
    - then:
        - note: {HEARD}
  message_delivered:
    - then:
        - note: {HEARD}
  status_refused:
    - then:
        - note: {HEARD}
"""
)
REFUND = (
    TINY.replace("playbook: tiny", "playbook: refund")
    .replace("lead_received:", "started:")
    .replace("call", "keep")
    .replace("lanes:", "  kept: {title: {ru: Удерживаем, en: Keeping}, stage: working}\nlanes:")
    .replace("- status: new", "- status: kept")
    + f"""\
  order_changed:
    - then:
        - note: {HEARD}
  message_delivered:
    - then:
        - note: {HEARD}
  status_refused:
    - then:
        - note: {HEARD}
"""
)
#: A process about a customer, which begins with the first that is said of them and hears of their orders.
CARE = """\
playbook: care
title: {ru: Забота, en: Care}
subject: customer
listens: [order_changed]
starts_on: [customer_changed]
fallback: greet
statuses: {}
lanes:
  new: {title: {ru: Новые, en: New}, priority: 1, holder: nobody}
messages:
  hello: {template: hello}
task_types:
  greet:
    title: {ru: Познакомиться, en: Greet}
    role: operator
    pool: callback
    mode: mixed
    lane: new
    due: 5m
    outcomes:
      done:
        title: {ru: Сделано, en: Done}
        result: completed
        then:
          - note: {ru: Ждём, en: We wait}
"on":
  started:
    - then:
        - message: hello
        - open: greet
  order_changed:
    - when: {order_status: paid}
      then:
        - open: greet
"""


def born(playbook: str, *, phone: str | None = None, **known: object) -> intake.LeadReceivedV2:
    """A new lead without an order, of whom at most a phone is known."""
    return lead_v2(playbook, person=Customer(phone=phone), **known)


async def activate_all(desk: Desk) -> None:
    for source in (MAIN, REFUND, CARE):
        await desk.activate_playbook(source)


def customer_changed(customer_id: UUID, phone: str | None = None) -> intake.CustomerChanged:
    return intake.CustomerChanged(customer_id=customer_id, version=1, person=Customer(phone=phone))


def order_changed(lead_id: UUID, status: OrderStatus, order_id: UUID | None = None) -> intake.OrderChanged:
    return intake.OrderChanged(
        lead_id=lead_id,
        order_id=order_id or uuid7(),
        order_number="1042",
        external_id="42",
        from_status=OrderStatus.NEW,
        to_status=status,
    )


def status_changed(lead_id: UUID, status: str, request_id: UUID | None = None) -> intake.LeadStatusChanged:
    return intake.LeadStatusChanged(
        lead_id=lead_id,
        from_status="new",
        to_status=status,
        stage=Stage.WORKING,
        actor="system",
        reason="test",
        request_id=request_id,
    )


def delivered(lead_id: UUID | None, process_id: UUID | None, purpose: str = "hello") -> MessageDelivered:
    return MessageDelivered(
        message_id=uuid7(),
        lead_id=lead_id,
        process_id=process_id,
        template="hello",
        purpose=purpose,
        channel="whatsapp",
        provider="wazzup",
    )
