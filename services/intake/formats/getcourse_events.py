"""The newer webhooks of GetCourse, as the fields that its «Вызвать URL» would send.

They come in `json` or bare, with ids as text or number, flags as 0, 1 or a truth value. `ts` and `createdAt` are
local times with a false Z; `ts64` is the moment. One payment fires two of them: the second says the same state.
"""

from services.intake.formats.payload import opened
from services.intake.formats.rules import Json
from services.intake.placements.rules import OURS

_EVENT = "getcourse/"
_YES = frozenset({"1", "true", "yes"})
_BEFORE_PAYED = frozenset({"", "new", "in_work", "payment_waiting", "part_payed", "not_confirmed", "pending"})


def event_of(payload: dict[str, Json]) -> dict[str, Json] | None:
    """Return the event of a newer webhook; None when it is none."""
    inner = opened(payload.get("json"))
    event = inner if isinstance(inner, dict) else payload
    kind = event.get("eventType")
    return event if isinstance(kind, str) and kind.startswith(_EVENT) else None


def fields_of(event: dict[str, Json]) -> dict[str, Json] | None:
    """Return the fields of an event's order; None when it speaks of none."""
    deal, user = event.get("deal"), event.get("user")
    if not isinstance(deal, dict):
        return None
    person = user if isinstance(user, dict) else {}
    number, given = deal.get("number"), deal.get("clientDealNumber")
    fields: dict[str, Json] = {
        "deal_id": deal.get("id"),
        "number": given if isinstance(given, str) and OURS.fullmatch(given) else number,
        "status": _status(deal),
        "cost_value": deal.get("cost"),
        "payed_money": deal.get("payedValue"),
        "currency": deal.get("currency"),
        "payment_link": deal.get("paymentLink"),
        "created_at": _without_z(deal.get("createdAt")),
        "updated_at": event.get("ts64"),
        "email": person.get("email"),
        "phone": person.get("phone"),
        "name": person.get("name"),
        "first_name": person.get("firstName"),
        "last_name": person.get("lastName"),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _status(deal: dict[str, Json]) -> Json:
    """Return the status; an order that is paid is so, also when its status says less."""
    status, payed = deal.get("status"), str(deal.get("isPayed")).lower() in _YES
    return "payed" if payed and str(status or "") in _BEFORE_PAYED else status


def _without_z(text: Json) -> Json:
    return text.removesuffix("Z") if isinstance(text, str) else text
