"""The running product with one thing of every kind, and calls of it in every role."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import asyncpg
import httpx

from libs.common.platform.auth.principal import Role
from libs.common.platform.db.roles import SERVICES
from tests.roles.operations import OPERATIONS, Json, Operation
from tests.support.customers import Customers, write
from tests.support.settle import settle
from tests.support.stack import ProcessStack

NOBODY = str(UUID(int=0))
DESK = "demo"
RELEASE = {"action": "release", "filter": {"pool": "callback"}}
WITHDRAW = {"filter": {"purpose": "acknowledgement"}}
SCHOOL = "/intake/v1/sources/{source_id}/school"
PAYMENTS = {"rows": [{"paid_on": "2026-03-02", "name": "Анна Иванова", "amount": "1990.00"}]}
STEP = {"state": "details_wanted", "kept_by": None}
PICTURE = {"content": "R0lGODlhAQABAAAAACw=", "sort": "image", "mime": "image/gif"}
# The worker records it once the shift has begun.
LATE = """
INSERT INTO assignment.lateness (id, desk, operator_id, planned_id, starts_at, ends_at, state, announced, repeated,
                                 version)
SELECT id, desk, operator_id, id, starts_at, ends_at, 'open', false, false, 1
FROM assignment.planned_shift WHERE id = $1
"""
_OF_RATES = {"currency": "KZT", "day": "2026-03-03"}
#: Where the first name in a path is of something that no list shows.
ELSEWHERE = {
    "lead_id": "/intake/v1/leads",
    "customer_id": "/intake/v1/customers",
    "appointment_id": "/intake/v1/leads/{lead_id}/appointments",
    "order_id": "/intake/v1/orders",
}


@dataclass
class World:
    """What there is: the first item of each list by its path."""

    stack: ProcessStack
    first: dict[str, Json] = field(default_factory=dict)

    async def populate(self) -> None:
        """Make one thing of each kind that orders and people bring about."""
        desk = await self.stack.start()
        await self.call(named("check_in"), Role.OPERATOR, sub="maria", desks=[DESK])
        await Customers(self.stack.client, desk, "roles").post_many(8)
        await write(self.stack, "+79005550144", "Когда позвоните?", PICTURE)
        await settle(self.stack)
        await self.look()
        operator = self.first["/assignment/v1/operators"]["id"]
        for name, given in (
            ("create_partner", {"code": "clinic"}),
            ("record_contact", self.call_with_sound()),
            ("plan_appointment", {"at": (self.stack.clock.now() + timedelta(days=1)).isoformat()}),
            ("record_payment", {"amount": None, "order_version": self.first["/intake/v1/orders"]["version"]}),
            ("ask_refund", {"amount": None}),
            ("ask_access", {"action": "reset"}),
            ("plan_redistribution", {"from_operator_id": operator}),
            ("plan_bulk_action", RELEASE),
            ("plan_shift", self.shift(operator)),
            ("create_department", {"head_id": None}),
            ("plan_absence", {"operator_id": operator, **self.days(30)}),
            ("propose_month_plan", {"month": f"{self.stack.clock.now() + timedelta(days=40):%Y-%m}"}),
            ("plan_message_bulk_action", WITHDRAW),
            ("import_payments", PAYMENTS),
            ("put_on_black_list", {"kind": "phone", "value": "+79005550199"}),
            ("plan_merge", {"merges": [await self.two_customers()]}),
        ):
            made = await self.call(named(name), "admin", body={**dict_of(named(name).body), **given})
            assert made.is_success, f"{name}: {made.text}"
        await self.give_school()
        await self.save_filters()
        await self.erase_oldest()
        await self.look()
        await self.want_details()
        await self.shifts_in_motion()

    def call_with_sound(self) -> Json:
        """Return a call that comes after all others."""
        at = self.stack.clock.now() + timedelta(minutes=1)
        return {"at": at.isoformat(), "recording": "https://calls.example.com/1"}

    async def erase_oldest(self) -> None:
        """Erase the customer who came first, whom no other call names."""
        oldest = (await self.call(named("list_customers"), "admin")).json()["items"][-1]
        path = f"/intake/v1/customers/{oldest['id']}/erasure"
        made = await self.send(named("erase_customer"), path, {"reason": "mistake"}, self.stack.token())
        assert made.is_success, made.text
        await settle(self.stack)

    async def want_details(self) -> None:
        """Say where the first refund is to be paid."""
        for version, name in enumerate(("step_refund", "give_refund_details"), 1):
            one = named(name)
            made = await self.call(one, "admin", body=self.body(one), seen=f'"{version}"')
            assert made.is_success, f"{name}: {made.text}"

    async def shifts_in_motion(self) -> None:
        """Ask for a swap of the first planned shift, and have it begun without its operator."""
        planned = self.first["/assignment/v1/schedule"]
        people = (await self.call(named("list_operators"), "admin")).json()["items"]
        other = next(one["id"] for one in people if one["id"] != planned["operator_id"])
        body = {"planned_id": planned["id"], "to_operator_id": other}
        asked = await self.call(named("ask_swap"), "admin", body=body)
        assert asked.is_success, asked.text
        conn = await asyncpg.connect(self.stack.database.admin_url)
        try:
            await conn.execute(LATE, UUID(str(planned["id"])))
        finally:
            await conn.close()
        await self.look()

    def shift(self, operator: object) -> Json:
        """Return the body of a shift that begins in an hour."""
        starts, ends = (self.stack.clock.now() + timedelta(hours=hours) for hours in (1, 2))
        hours = {"starts_at": starts.isoformat(), "ends_at": ends.isoformat()}
        return {"operator_id": operator, "shift": None, "day": None, **hours}

    def days(self, ahead: int) -> Json:
        """Return the part of an absence of one day, so many days ahead."""
        day = (self.stack.clock.now() + timedelta(days=ahead)).date().isoformat()
        return {"first_day": day, "last_day": day, "starts_at": None, "ends_at": None, "deputy_id": None}

    async def two_customers(self) -> dict[str, Json]:
        """Return two customers as they are merged."""
        found = (await self.call(named("list_customers"), "admin")).json()["items"]
        return {"winner": found[0]["id"], "losers": [found[1]["id"]]}

    async def give_school(self) -> None:
        """Give the source of GetCourse its account."""
        sources = (await self.call(named("list_sources"), "admin")).json()["items"]
        self.first[SCHOOL] = next(one for one in sources if one["format"] == "getcourse")
        account = {"account": "acme", "api_key": "demo-getcourse-key"}
        made = await self.call(named("set_school"), "admin", body=account)
        assert made.is_success, made.text

    async def save_filters(self) -> None:
        """Save a filter at each service, which others of the desk see."""
        for service in SERVICES:
            body = {"desk": DESK, "list": f"list_{service}_filters", "name": "Общий", "query": {"desk": [DESK]}}
            made = await self.call(named(f"save_{service}_filter"), "admin", body={**body, "shared": True})
            assert made.is_success, made.text

    async def look(self) -> None:
        """Read the first item of every list."""
        for one in (*filter(lambda op: op.is_list, OPERATIONS), named("list_lead_appointments")):
            answer = await self.call(one, "admin")
            if answer.is_success and (items := answer.json()["items"]):
                self.first[one.path] = items[0]

    def path(self, operation: Operation) -> str:
        """Return a path of the operation that names what there is."""
        return re.sub(r"\{(\w+)\}", lambda found: self._value(operation, found[1]), operation.path)

    def _value(self, operation: Operation, name: str) -> str:
        if name == "media_id":
            return str(self.first["/notifications/v1/received-messages"]["files"][0]["id"])
        if operation.path == SCHOOL:
            return str(self.first[SCHOOL]["id"])
        item = self.first.get(ELSEWHERE.get(name, operation.lists or ""), {})
        if name in _OF_RATES:
            return _OF_RATES[name]
        if name == "code":
            return str(item.get("code", DESK))
        if name in {"version", "number", "letter_id"}:
            return "1"
        return "step" if name == "step" else str(item.get("id", NOBODY))

    def body(self, operation: Operation) -> object:
        """Return the example of a body, which rules of its own allow as well."""
        given: dict[str, Json] = {
            "start_call": {"lead_id": self.first["/intake/v1/leads"]["id"]},
            "create_task": {"assignee": {"pool": "callback"}},
            "plan_bulk_action": RELEASE,
            "plan_message_bulk_action": WITHDRAW,
            "import_payments": PAYMENTS,
            "step_refund": STEP,
        }
        return {**dict_of(operation.body), **given.get(operation.name, {})} if operation.body else None

    def query(self, operation: Operation) -> str:
        """Return the query without which an operation shows nothing."""
        lead = self.first["/intake/v1/leads"]["id"]
        return f"?lead_id={lead}" if operation.name == "get_timeline" else ""

    def is_there(self, operation: Operation) -> bool:
        """Return whether the path names what there is."""
        return NOBODY not in self.path(operation) and operation.parameter != "letter_id"

    async def call(
        self,
        operation: Operation,
        role: str,
        *,
        sub: str = "caller",
        desks: Sequence[str] = ("*",),
        body: object = None,
        query: str = "",
        seen: str | None = '"1"',
    ) -> httpx.Response:
        """Call an operation on what there is; a stream is left as soon as it has begun."""
        token = self.stack.issuer.token(sub, [role], desks)
        headers = {"Authorization": f"Bearer {token}"}
        return await self.send(operation, self.path(operation) + query, body, headers, seen)

    async def send(
        self, operation: Operation, path: str, body: object, headers: Mapping[str, str], seen: str | None = '"1"'
    ) -> httpx.Response:
        known = {**headers, **({} if seen is None else {"If-Match": seen})}
        async with self.stack.client.stream(operation.method, path, json=body, headers=known) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                await answer.aread()
            return answer

    async def busy_operator(self) -> str:
        """Return the `sub` of an operator who has a task."""
        answer = await self.call(named("list_operators"), "admin")
        return next(str(one["subject"]) for one in answer.json()["items"] if one["open_work"])

    async def dismiss(self, subject: str) -> None:
        """Make an operator inactive, and wait until all services have heard of it."""
        people = (await self.call(named("list_operators"), "admin")).json()["items"]
        who = next(one for one in people if one["subject"] == subject)
        headers = {**self.stack.token(), "If-Match": f'"{who["version"]}"'}
        path = f"/assignment/v1/operators/{who['id']}"
        answer = await self.stack.client.patch(path, json={"active": False}, headers=headers)
        assert answer.is_success, answer.text
        await settle(self.stack)


def named(name: str) -> Operation:
    return next(one for one in OPERATIONS if one.name == name)


def dict_of(value: object) -> Json:
    assert isinstance(value, dict)
    return value
