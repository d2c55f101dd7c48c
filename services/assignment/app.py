"""The assignment service: its parts joined."""

from pathlib import Path
from typing import TYPE_CHECKING

from libs.common.contracts.attention import AssignmentAttentionCleared, AssignmentAttentionRaised
from libs.common.contracts.erasures import AssignmentScrubbed
from libs.common.platform.attention.watch import attention_loop, publish
from libs.common.platform.erasure.actions import Eraser
from libs.common.platform.service import Service
from services.assignment.attention import KINDS
from services.assignment.context import open_context
from services.assignment.erasures.places import PLACES
from services.assignment.errors import ERRORS
from services.assignment.operators.worker import announcing_loop
from services.assignment.schedule.worker import schedule_loop
from services.assignment.settings import AssignmentSettings
from services.assignment.shifts.worker import silence_loops
from services.assignment.subscriptions import TOPICS, heeds, subscriptions

if TYPE_CHECKING:
    from libs.common.platform.http.assembly import Api


def api() -> "Api":
    """Import and return what the HTTP process serves."""
    from services.assignment.routes import API

    return API


SAY = publish(AssignmentAttentionRaised, AssignmentAttentionCleared)

SERVICE = Service(
    name="assignment",
    title="Dozvon: assignment",
    settings=AssignmentSettings,
    context=open_context,
    migrations=Path(__file__).parent / "migrations",
    topics=TOPICS,
    subscriptions=subscriptions,
    heeds=heeds,
    loops=lambda ctx: (
        announcing_loop(ctx),
        *silence_loops(ctx),
        schedule_loop(ctx),
        attention_loop(ctx.core, KINDS, SAY),
        *Eraser(ctx.core, PLACES, AssignmentScrubbed).loops(),
    ),
    api=api,
    errors=ERRORS,
)
