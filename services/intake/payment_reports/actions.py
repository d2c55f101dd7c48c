"""Use case: a person lets a payment be reported again, or says that they have put it right at the school."""

from uuid import UUID

from services.intake.context import Context
from services.intake.errors import NotFoundError, OutOfTurnError
from services.intake.payment_reports import store
from services.intake.payment_reports.rules import ReportStep


async def take_step(ctx: Context, payment_id: UUID, desk: str, step: ReportStep, traceparent: str | None) -> None:
    """Report again what the school refused or what is in doubt, or note that a person has done it there.

    Raises NotFoundError, OutOfTurnError: there is nothing to report, or it is under way or known there.
    """
    async with ctx.core.db.begin() as tx:
        now = ctx.core.clock.now()
        state = await tx.conn.fetchval(store.OF, payment_id, desk)
        match step:
            case ReportStep.AGAIN:
                done = await store.again(tx, payment_id, traceparent, now)
            case ReportStep.BY_HAND:
                done = await store.entered(tx, payment_id)
        if not done:
            raise NotFoundError if state is None else OutOfTurnError(state)
        await store.show(tx, [payment_id])
        await tx.commit()
