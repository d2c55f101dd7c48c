"""Variables of message templates, without personal data (S4.12)."""

from decimal import Decimal

from services.tasks.engine.state import State

_SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€", "KZT": "₸", "BYN": "Br"}


def variables(state: State, language: str) -> dict[str, str]:
    """Return the variables that have a value; a message whose template needs another one fails."""
    order = state.facts.order
    found = {
        "order_number": order.number if order else "",
        "amount": money(order.amount, order.currency) if order else "",
        "items": ", ".join(order.items) if order else "",
        "payment_link": (order.payment_link or "") if order else "",
        "desk_title": state.desk.title_en if language == "en" else state.desk.title_ru,
        "operator_name": state.owner.name if state.owner else "",
    }
    return {name: value for name, value in found.items() if value}


def message_language(state: State) -> str:
    """Return the subject's language if the desk has it, else the desk's first language."""
    desk = state.desk.languages
    return state.facts.language if state.facts.language in desk else desk[0]


def money(amount: Decimal | None, currency: str | None) -> str:
    """Return `4 990 ₽`: digits grouped by a no-break space, kopecks only if not zero."""
    if amount is None or currency is None:
        return ""
    whole = amount == amount.to_integral_value()
    digits = f"{amount:,.0f}" if whole else f"{amount:,.2f}"
    return f"{digits.replace(',', chr(0xA0))}{chr(0xA0)}{_SIGNS.get(currency, currency)}"
