"""The assignment service: its parts joined."""

from pathlib import Path

from libs.common.platform.service import Service
from services.assignment.context import open_context
from services.assignment.decisions.api import router as decisions
from services.assignment.errors import ERRORS
from services.assignment.offers.api import router as offers
from services.assignment.operators.api import me
from services.assignment.operators.api import router as operators
from services.assignment.operators.worker import announcing_loop
from services.assignment.pools.api import router as pools
from services.assignment.settings import AssignmentSettings
from services.assignment.shifts.api import router as shifts
from services.assignment.shifts.worker import silence_loop
from services.assignment.subscriptions import TOPICS, subscriptions

SERVICE = Service(
    name="assignment",
    title="Dozvon: assignment",
    settings=AssignmentSettings,
    context=open_context,
    migrations=Path(__file__).parent / "migrations",
    topics=TOPICS,
    subscriptions=subscriptions,
    loops=lambda ctx: (announcing_loop(ctx), silence_loop(ctx)),
    routers=(operators, me, pools, shifts, offers, decisions),
    errors=ERRORS,
)
