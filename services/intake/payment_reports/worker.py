"""The commands that report payments by hand to schools (S4.9): once, again while in doubt, never for nothing."""

from collections.abc import Sequence
from uuid import UUID

from libs.common.connect.command.rules import Answer, Duplicate, Verdict
from libs.common.connect.exchange import HttpRequest
from libs.common.platform.db import Transaction
from services.intake.context import Context
from services.intake.formats.getcourse_api import Placed, pay
from services.intake.payment_reports import store
from services.intake.payment_reports.rules import IN_DOUBT, report_of
from services.intake.placements.sender import Result, Row, SchoolCommands

_SHOWN = (Verdict.REFUSED, Verdict.RETRY, Verdict.HALT)


class Reports(SchoolCommands):
    """The commands: orders that a payment by hand has completed are paid at their school, too."""

    what = "report payment"

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx, store.COMMANDS, "payment_report", "Payments that schools were informed of by verdict")

    def request(self, row: Row, key: str, api: str) -> HttpRequest | Answer | str:
        paid = report_of(row)
        if paid == IN_DOUBT:
            return Duplicate(IN_DOUBT)  # perhaps: no call is made, and one that is not counts as no answer
        return paid if isinstance(paid, str) else pay(paid, key, api)

    async def follow(self, tx: Transaction, result: Result, known: Placed | None) -> None:
        """Note that the school knows of the payment, or show that it does not."""
        del known
        payment_id = result.claim.command_id
        if result.outcome.verdict is Verdict.ACCEPTED:
            await store.know(tx, payment_id, result.claim.details.row["order_id"])
        elif result.outcome.verdict in _SHOWN:
            await store.show(tx, [payment_id])

    async def lose(self, tx: Transaction, unknown: Sequence[UUID]) -> None:
        """Show that it is not known whether the school knows."""
        await store.show(tx, unknown)
