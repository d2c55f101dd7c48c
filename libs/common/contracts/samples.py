"""Values for examples: of events and of the APIs."""

from collections.abc import Mapping
from zlib import crc32

from libs.common.contracts.compatibility import Json

#: Values of an example by field name; personal data belong to an invented test customer.
BY_NAME: Mapping[str, Json] = {
    "name": "Анна Тестова",
    "phone": "+79990000001",
    "phone_raw": "8 999 000-00-01",
    "email": "anna@example.com",
    "zone": "Europe/Moscow",
    "amount": "743.00",
    "currency": "RUB",
    "base": "RUB",
    "per_unit": "26.789",
    "day": "2026-03-03",
    "holds_until": "2026-03-08",
    "payment_link": "https://pay.example.com/7Q2F",
    "operator_name": "Ольга",
    "opens": "09:00",
    "closes": "21:00",
    "channel": "whatsapp",
    "provider": "wazzup",
    "language": "ru",
    "ru": "Обработать заказ",
    "en": "Process the order",
    "source": "landing",
    "playbook": "callback",
    "external_id": "LP-77",
    "external_number": "100500",
    "order_number": "1042",
    "title": "Математика, 8 класс",
    "template": "order_received",
    "pool": "callback",
    "role": "operator",
    "task_type": "callback",
    "due_on": "2026-03-20",
}
MOMENT = "2026-03-02T09:00:00Z"


def uuid_of(name: str) -> str:
    """Return an id for a field of this name, the same at every call."""
    return f"0190b6d0-0000-7000-8000-{crc32(name.encode()):012x}"
