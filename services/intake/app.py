"""The service intake."""

from pathlib import Path

from libs.common.platform.service import Service
from services.intake.appointments.api import router as appointments
from services.intake.appointments.api import under_lead as appointments_of_leads
from services.intake.calls.api import router as calls
from services.intake.calls.worker import loops
from services.intake.contacts.api import router as contacts
from services.intake.context import open_context
from services.intake.customers.api import router as customers
from services.intake.deliveries.api import router as deliveries
from services.intake.deliveries.webhook import webhook_routes
from services.intake.errors import ERRORS
from services.intake.leads.api import router as leads
from services.intake.orders.api import router as orders
from services.intake.partners.api import router as partners
from services.intake.settings import IntakeSettings
from services.intake.sources.api import router as sources
from services.intake.sources.store import SealedSources
from services.intake.subscriptions import TOPICS, subscriptions

SERVICE = Service(
    name="intake",
    title="Dozvon: intake",
    settings=IntakeSettings,
    context=open_context,
    migrations=Path(__file__).parent / "migrations",
    topics=TOPICS,
    subscriptions=subscriptions,
    loops=loops,
    routes=webhook_routes(),
    routers=(
        sources,
        partners,
        deliveries,
        contacts,
        calls,
        leads,
        appointments_of_leads,
        appointments,
        orders,
        customers,
    ),
    errors=ERRORS,
    sealed=(SealedSources(),),
)
