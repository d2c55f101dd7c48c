"""The service intake."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from libs.common.contracts.attention import IntakeAttentionCleared, IntakeAttentionRaised
from libs.common.messaging.inbox.intervals import UNHURRIED
from libs.common.platform.attention.watch import attention_loop, publish
from libs.common.platform.service import Service
from libs.common.platform.worker import Lookout, Loop
from services.intake.attention import KINDS
from services.intake.calls.worker import WORK as CALLING
from services.intake.calls.worker import calling_loops
from services.intake.contacts.worker import trimming_loop
from services.intake.context import Context, open_context
from services.intake.erasures.actions import eraser, keeper
from services.intake.errors import ERRORS
from services.intake.leads.worker import sorting_loop
from services.intake.masking.worker import publishing_loop
from services.intake.partners.worker import announcing_loop
from services.intake.payments.store import ARE_UNBOOKED
from services.intake.payments.worker import booking_loop
from services.intake.placements.worker import WORK as PLACING
from services.intake.placements.worker import placing_loops
from services.intake.rates.worker import WORK as RATES
from services.intake.rates.worker import rate_loops
from services.intake.refunds.store import SealedDetails
from services.intake.schools.store import SealedSchools
from services.intake.settings import IntakeSettings
from services.intake.sources.store import SealedSources
from services.intake.subscriptions import TOPICS, subscriptions

if TYPE_CHECKING:
    from libs.common.platform.http.assembly import Api


def api() -> "Api":
    """Import and return what the HTTP process serves."""
    from services.intake.routes import API

    return API


SAY = publish(IntakeAttentionRaised, IntakeAttentionCleared)
LOOK = 0.5  # seconds between two looks at what there is to do
#: What each loop has to do (`Lookout`).
WORK: Mapping[str, str] = {**CALLING, **PLACING, **RATES, "booking": ARE_UNBOOKED}


def loops(ctx: Context) -> tuple[Loop, ...]:
    """Return the lookout, the loops that it wakes, and those that look at times of their own."""
    lookout = Lookout(ctx.core.db, ctx.core.clock, WORK, LOOK)
    return (
        lookout,
        *calling_loops(ctx, lookout),
        *placing_loops(ctx, lookout),
        *rate_loops(ctx, lookout),
        booking_loop(ctx, lookout.watch("booking")),
        announcing_loop(ctx),
        publishing_loop(ctx),
        attention_loop(ctx.core, KINDS, SAY),
        *eraser(ctx).loops(),
        keeper(ctx).loop(),
        trimming_loop(ctx),
        sorting_loop(ctx),
    )


SERVICE = Service(
    name="intake",
    title="Dozvon: intake",
    settings=IntakeSettings,
    context=open_context,
    migrations=Path(__file__).parent / "migrations",
    topics=TOPICS,
    subscriptions=subscriptions,
    loops=loops,
    consuming=UNHURRIED,
    api=api,
    errors=ERRORS,
    audited=True,
    sealed=(SealedSources(), SealedSchools(), SealedDetails()),
)
