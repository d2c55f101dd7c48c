"""The loops of what schools are asked: commands are called outside any transaction, and settled; polls beside."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from libs.common.connect.command.rules import Verdict
from libs.common.connect.command.sender import Sender
from libs.common.connect.exchange import HttpRequest
from libs.common.connect.poll.store import is_due
from libs.common.platform.db import Transaction
from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Lookout, Loop, Watch
from libs.common.platform.worker.lookout import UNWATCHED
from services.intake.context import Context
from services.intake.formats.getcourse_api import Placed, place
from services.intake.orders.schemas import PlacementState
from services.intake.payment_reports.store import COMMANDS as REPORTS
from services.intake.payment_reports.worker import Reports
from services.intake.placements.rules import placing_of
from services.intake.placements.sender import Result, Row, SchoolCommands
from services.intake.placements.store import COMMANDS, Shown, orders_of, show
from services.intake.schools.webhooks import Subscriptions, subscriptions
from services.intake.schools.worker import Checks, checks

EXPIRY = 1.0  # seconds
#: What each loop has to do (`Lookout`).
WORK: Mapping[str, str] = {
    "placing": COMMANDS.is_due,
    "unplaced": COMMANDS.expires,
    "reporting": REPORTS.is_due,
    "unreported": REPORTS.expires,
    "checks": is_due(Checks.kinds),
    "subscriptions": is_due(Subscriptions.kinds),
}


class Placements(SchoolCommands):
    """The commands: orders that are made, or completed, at a school."""

    what = "place order"

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx, COMMANDS, "placement", "Orders made at schools by verdict")
        self.due = ctx.placing

    def request(self, row: Row, key: str, api: str) -> HttpRequest | str:
        placing = placing_of(row)
        return placing if isinstance(placing, str) else place(placing, key, api)

    async def follow(self, tx: Transaction, result: Result, known: Placed | None) -> None:
        """Show a result on its order."""
        row = result.claim.details.row
        if (shown := self._shown(result, known)) is not None:
            await show(tx, shown, row["traceparent"], self.ctx.core.clock.now())

    def _shown(self, result: Result, known: Placed | None) -> Shown | None:
        order_id, command_id = result.claim.details.row["order_id"], result.claim.command_id
        match result.outcome.verdict:
            case Verdict.ACCEPTED:
                number, link = (known.number, known.payment_link) if known else (None, None)
                return Shown(order_id, command_id, PlacementState.ACCEPTED, None, number, link)
            case Verdict.REFUSED | Verdict.RETRY:
                return Shown(order_id, command_id, PlacementState.REFUSED, result.outcome.code)
            case Verdict.HALT:
                return Shown(order_id, command_id, PlacementState.PENDING, result.outcome.code)
            case _:
                return None

    async def lose(self, tx: Transaction, unknown: Sequence[UUID]) -> None:
        """Show on their orders that nothing is known of them."""
        for row in await orders_of(tx, unknown):
            shown = Shown(row["order_id"], row["id"], PlacementState.UNKNOWN, row["code"])
            await show(tx, shown, None, self.ctx.core.clock.now())


def placing_loops(ctx: Context, lookout: Lookout) -> tuple[Loop, ...]:
    """Return what the lookout wakes: senders of orders and payments, their expiry, the checks of schools."""
    placements, reports = Placements(ctx), Reports(ctx)
    lookout.bells |= {"placing": placements.due, "reporting": reports.due}
    return (
        Sender(placements, placements.tries, UNWATCHED, "placing"),
        Sender(reports, reports.tries, UNWATCHED, "reporting"),
        _expiry(placements, "unplaced", lookout.watch("unplaced")),
        _expiry(reports, "unreported", lookout.watch("unreported")),
        checks(ctx, lookout.watch("checks")),
        subscriptions(ctx, lookout.watch("subscriptions")),
    )


def _expiry(commands: SchoolCommands, name: str, watch: Watch) -> Loop:
    """Return the loop that expires commands, at most once a second."""

    async def expiry(stop: asyncio.Event) -> None:
        while not stop.is_set():
            watch.begin()
            await commands.expire()
            await wait_for_stop(stop, EXPIRY)
            await watch.wait(stop)

    expiry.__name__ = name
    return expiry
