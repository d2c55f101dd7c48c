"""What the API of intake serves."""

from libs.common.platform.http.assembly import Api
from services.intake.appointments.api import router as appointments
from services.intake.appointments.api import under_lead as appointments_of_leads
from services.intake.calls.api import router as calls
from services.intake.configuration.api import router as configuration
from services.intake.contacts.api import router as contacts
from services.intake.customers.api import router as customers
from services.intake.deliveries.api import reruns
from services.intake.deliveries.api import router as deliveries
from services.intake.deliveries.webhook import webhook_routes
from services.intake.doctor.api import router as doctor
from services.intake.leads.api import router as leads
from services.intake.orders.api import router as orders
from services.intake.partners.api import router as partners
from services.intake.sources.api import router as sources

API = Api(
    routers=(
        sources,
        configuration,
        doctor,
        partners,
        deliveries,
        reruns,
        contacts,
        calls,
        leads,
        appointments_of_leads,
        appointments,
        orders,
        customers,
    ),
    routes=webhook_routes(),
)
