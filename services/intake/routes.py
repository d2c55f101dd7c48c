"""What the API of intake serves."""

from libs.common.platform.erasure.retention_api import retention_router
from libs.common.platform.http.assembly import Api
from services.intake.accesses.api import router as accesses
from services.intake.accesses.api import under_order as accesses_of_orders
from services.intake.appointments.api import router as appointments
from services.intake.appointments.api import under_lead as appointments_of_leads
from services.intake.attention import KINDS
from services.intake.calls.api import router as calls
from services.intake.configuration.api import router as configuration
from services.intake.consents.api import black_list
from services.intake.consents.api import router as consents
from services.intake.contacts.api import router as contacts
from services.intake.customers.api import router as customers
from services.intake.deliveries.api import reruns
from services.intake.deliveries.api import router as deliveries
from services.intake.deliveries.webhook import webhook_routes
from services.intake.doctor.api import router as doctor
from services.intake.erasures.api import of_customer as erasures_of_customers
from services.intake.erasures.api import router as erasures
from services.intake.erasures.schemas import IntakeRetention
from services.intake.holds.api import router as package_starts
from services.intake.holds.api import under_order as holds
from services.intake.leads.api import router as leads
from services.intake.masking.api import router as masking
from services.intake.merges.api import router as merges
from services.intake.orders.api import router as orders
from services.intake.partners.api import router as partners
from services.intake.payment_imports.api import router as imported_payments
from services.intake.payment_reports.api import router as payment_reports
from services.intake.payments.api import router as payments
from services.intake.payments.api import under_order as payments_of_orders
from services.intake.placements.api import router as placements
from services.intake.rates.api import router as rates
from services.intake.recordings.api import router as recordings
from services.intake.recordings.player import player_routes
from services.intake.refunds.api import router as refunds
from services.intake.refunds.api import under_order as refunds_of_orders
from services.intake.rehearsals.api import router as rehearsals
from services.intake.schools.api import router as schools
from services.intake.sources.api import router as sources

API = Api(
    routers=(
        sources,
        schools,
        configuration,
        doctor,
        rehearsals,
        partners,
        rates,
        deliveries,
        reruns,
        contacts,
        recordings,
        calls,
        leads,
        appointments_of_leads,
        appointments,
        orders,
        placements,
        imported_payments,
        holds,
        package_starts,
        payments_of_orders,
        payments,
        payment_reports,
        refunds_of_orders,
        refunds,
        accesses_of_orders,
        accesses,
        customers,
        consents,
        black_list,
        erasures_of_customers,
        erasures,
        retention_router("intake", IntakeRetention),
        masking,
        merges,
    ),
    routes=(*webhook_routes(), *player_routes()),
    attention=KINDS,
)
