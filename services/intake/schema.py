"""Everything in the service's schema: importing this module completes `metadata`."""

from services.intake.accesses import tables as accesses
from services.intake.appointments import tables as appointments
from services.intake.calling import tables as calling
from services.intake.calls import tables as calls
from services.intake.changes import tables as changes
from services.intake.channels import tables as channels
from services.intake.consents import tables as consents
from services.intake.contacts import tables as contacts
from services.intake.customers import tables as customers
from services.intake.deliveries import tables as deliveries
from services.intake.desks import tables as desks
from services.intake.erasures import tables as erasures
from services.intake.holds import tables as holds
from services.intake.leads import tables as leads
from services.intake.masking import tables as masking
from services.intake.merges import tables as merges
from services.intake.metadata import metadata
from services.intake.operators import tables as operators
from services.intake.orders import tables as orders
from services.intake.partners import tables as partners
from services.intake.payment_imports import tables as payment_imports
from services.intake.payment_reports import tables as payment_reports
from services.intake.payments import tables as payments
from services.intake.placements import tables as placements
from services.intake.playbooks import tables as playbooks
from services.intake.rates import tables as rates
from services.intake.refunds import tables as refunds
from services.intake.schools import tables as schools
from services.intake.sources import tables as sources

__all__ = [
    "accesses",
    "appointments",
    "calling",
    "calls",
    "changes",
    "channels",
    "consents",
    "contacts",
    "customers",
    "deliveries",
    "desks",
    "erasures",
    "holds",
    "leads",
    "masking",
    "merges",
    "metadata",
    "operators",
    "orders",
    "partners",
    "payment_imports",
    "payment_reports",
    "payments",
    "placements",
    "playbooks",
    "rates",
    "refunds",
    "schools",
    "sources",
]
