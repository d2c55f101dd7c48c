"""Managers: they ask for the next task, call or write, and say what came of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx

from deploy.demo.day.books import Books
from deploy.demo.day.ground import Ground, asked
from deploy.demo.day.script import Story
from deploy.demo.day.shop import Deal

Task: TypeAlias = dict[str, Any]
#: Whose customers pay once they have been called and have the link.
PAYS_WHEN_CALLED = frozenset({Story.PAYS_AFTER_CALL, Story.TWICE, Story.WRITES_AT_NIGHT})
_CHECK_OUT = "/assignment/v1/check-out"
_TRIES = 5  # to leave, each after all open conversations were ended
_CONFLICTS = frozenset({httpx.codes.CONFLICT, httpx.codes.PRECONDITION_FAILED, httpx.codes.NOT_FOUND})


class DayError(RuntimeError):
    """The product refused a player what must be allowed; the message holds its answer."""


@dataclass
class Manager:
    """One manager. `deals`: the order of a task's customer, None of one whom the day does not play.

    `promised` is called when a customer says that they will pay.
    """

    ground: Ground
    operator_id: str
    token: str
    books: Books
    deals: Callable[[Task], Deal | None]
    promised: Callable[[Deal], None]

    async def come(self) -> None:
        """Check in."""
        done(await self._post("/assignment/v1/check-in"))

    async def is_let_go(self) -> bool:
        """Try to check out; return False where something is to be handed over first (S4.6)."""
        return _open_conversations(await self._post(_CHECK_OUT)) is None

    async def leave(self, heirs: Sequence[str]) -> None:
        """Check out: open conversations go to an heir, or are ended where none comes after (S4.6)."""
        if heirs:
            done(await self._post(_CHECK_OUT, {"heir_id": heirs[0]}))
            return
        for _ in range(_TRIES):
            open_ = _open_conversations(await self._post(_CHECK_OUT))
            if open_ is None:
                return
            for task_id in open_:
                await self._finish(task_id)
            await self.ground.rest()
        raise DayError(f"operator {self.operator_id} is not let go, though all was handed over")

    async def work_next(self) -> bool:
        """Ask for the next task and work it; return whether there was one."""
        task: Task | None = done(await self._post("/tasks/v1/next"))["task"]
        if task is None:
            return False
        await self._ways().get(task["type"], self._unknown)(task)
        return True

    def _ways(self) -> Mapping[str, Callable[[Task], Awaitable[None]]]:
        return {
            "process_order": self._call,
            "follow_up": self._call,
            **dict.fromkeys(("answer", "payments_question", "platform_question"), self._answer),
            "check_receipt": self._enter_payment,
            "keep": self._keep,
            **dict.fromkeys(("unsaid", "repair"), self._see_to),
        }

    async def _unknown(self, task: Task) -> None:
        self.books.unknown.add(task["type"])

    async def _finish(self, task_id: str) -> None:
        taken = await self._post(f"/tasks/v1/tasks/{task_id}/take")
        if taken.status_code in _CONFLICTS:  # another has it by now, or it is over
            return
        done(taken)
        task = await self._get(f"/tasks/v1/tasks/{task_id}")
        await self._ways().get(task["type"], self._unknown)(task)

    async def _call(self, task: Task) -> None:
        deal = self.deals(task)
        if deal is None:  # of a day before: they have thought better of it
            await self._ended(task, "refused", {"call_made": True, "problem": "other"})
        elif deal.paid:  # seen on the shop's own page
            await self._ended(task, "paid", {})
        elif deal.customer.story is Story.SILENT:
            await self._ended(task, "no_answer", {"call_made": True, "problem": "no_reply"})
        elif deal.customer.story is Story.REFUSES:
            if await self._ended(task, "refused", {"call_made": True, "problem": "other"}):
                self.books.refused.add(deal.lead_id)
        elif deal.customer.story is Story.SENDS_RECEIPT:
            await self._ended(task, "receipt", {"call_made": True})
        elif await self._ended(task, "link_sent", {"call_made": True}):
            self.books.links.add(deal.lead_id)
            if deal.customer.story in PAYS_WHEN_CALLED:
                self.promised(deal)

    async def _answer(self, task: Task) -> None:
        """Write to the customer, which ends the task (S2.9); first ask for the refund that they want (S4.14)."""
        deal = self.deals(task)
        if (
            deal is not None
            and deal.customer.story is Story.WANTS_REFUND
            and deal.lead_id not in self.books.refunds
        ):
            lead = await self._get(f"/intake/v1/leads/{deal.lead_id}")
            done(await self._post(f"/intake/v1/orders/{lead['orders'][0]['id']}/refunds", {}))
            self.books.refunds.add(deal.lead_id)
        path = f"/notifications/v1/conversations/{await self._conversation(task)}/messages"
        done(await self._post(path, {"text": "Здравствуйте! Сейчас всё проверю и вернусь к вам с ответом."}))

    async def _conversation(self, task: Task) -> str:
        """Return the conversation of a task's lead; what another works is shown soon after the task is taken."""
        for wait in (False, True):
            if wait:
                await self.ground.rest()
            found = await self._get("/notifications/v1/conversations", lead_id=task["lead_id"])
            if found["items"]:
                return str(found["items"][0]["id"])
        raise DayError(f"task {task['id']} asks for an answer and its lead has no conversation")

    async def _enter_payment(self, task: Task) -> None:
        """The money of a receipt has come, and is entered by hand (S4.9)."""
        if await self._ended(task, "received", {"fields": {"payment_type": "transfer"}}):
            deal = self.deals(task)
            if deal is not None:
                deal.paid = True

    async def _keep(self, task: Task) -> None:
        """The customer stays, for a gift (S4.14)."""
        await self._ended(task, "kept", {"fields": {"kept_by": "gift"}})

    async def _see_to(self, task: Task) -> None:
        await self._ended(task, "seen_to", {})

    async def _ended(self, task: Task, outcome: str, given: Mapping[str, object]) -> bool:
        """End a task; return False where it has changed meanwhile, as by a payment."""
        body = {"outcome": outcome, "comment": "Из сценария дня", **given}
        version = {"If-Match": f'"{task["version"]}"'}
        answer = await self._post(f"/tasks/v1/tasks/{task['id']}/outcome", body, version)
        if answer.status_code in _CONFLICTS:
            return False
        done(answer)
        if given.get("call_made") and self.deals(task) is not None:
            self.books.calls[task["lead_id"]] += 1
        return True

    async def _get(self, path: str, **query: str) -> Any:  # noqa: ANN401 - what an API answers
        address = str(httpx.URL(path).copy_merge_params(query))
        return done(await asked(self.ground.client, "GET", address, headers=self._who))

    async def _post(
        self, path: str, body: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return await asked(self.ground.client, "POST", path, body, {**self._who, **(headers or {})})

    @property
    def _who(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def _open_conversations(answer: httpx.Response) -> list[str] | None:
    """Return the conversations that keep a manager here, as tasks: none if the next shift does. None: they left."""
    if answer.status_code == httpx.codes.CONFLICT and answer.json()["code"] == "handover_due":
        return [str(one["task_id"]) for one in answer.json()["conversations"]]
    done(answer)
    return None


def done(answer: httpx.Response) -> Any:  # noqa: ANN401 - what an API answers
    """Return the body of a success. Raises DayError with the answer else."""
    if answer.is_error:
        raise DayError(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:500]}"
        )
    return answer.json() if answer.content else {}
