"""The assignment service: its parts joined."""

from pathlib import Path
from typing import TYPE_CHECKING

from libs.common.platform.service import Service
from services.assignment.context import open_context
from services.assignment.errors import ERRORS
from services.assignment.operators.worker import announcing_loop
from services.assignment.settings import AssignmentSettings
from services.assignment.shifts.worker import silence_loop
from services.assignment.subscriptions import TOPICS, subscriptions

if TYPE_CHECKING:
    from libs.common.platform.http.assembly import Api


def api() -> "Api":
    """Import and return what the HTTP process serves."""
    from services.assignment.routes import API

    return API


SERVICE = Service(
    name="assignment",
    title="Dozvon: assignment",
    settings=AssignmentSettings,
    context=open_context,
    migrations=Path(__file__).parent / "migrations",
    topics=TOPICS,
    subscriptions=subscriptions,
    loops=lambda ctx: (announcing_loop(ctx), silence_loop(ctx)),
    api=api,
    errors=ERRORS,
)
