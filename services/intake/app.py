"""The service intake."""

from pathlib import Path
from typing import TYPE_CHECKING

from libs.common.messaging.inbox.intervals import UNHURRIED
from libs.common.platform.service import Service
from services.intake.calls.worker import loops
from services.intake.context import open_context
from services.intake.errors import ERRORS
from services.intake.settings import IntakeSettings
from services.intake.sources.store import SealedSources
from services.intake.subscriptions import TOPICS, subscriptions

if TYPE_CHECKING:
    from libs.common.platform.http.assembly import Api


def api() -> "Api":
    """Import and return what the HTTP process serves."""
    from services.intake.routes import API

    return API


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
    sealed=(SealedSources(),),
)
