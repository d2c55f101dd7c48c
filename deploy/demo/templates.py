"""The demo desk's message templates, in the desk's two languages."""

from collections.abc import Mapping

TEMPLATES: Mapping[str, Mapping[str, str]] = {
    "callback_received": {
        "ru": "[[{name}, спасибо||Спасибо]] за заявку {order_number}! Перезвоним вам в ближайшие минуты.",
        "en": "[[{name}, thank you||Thank you]] for your request {order_number}! We will call you within minutes.",
    },
    "order_received": {
        "ru": "[[{name}, заказ||Заказ]] {order_number} принят. Оплатить его можно здесь: {payment_link}",
        "en": "[[{name}, we||We]] have your order {order_number}. You can pay for it here: {payment_link}",
    },
    "no_answer": {
        "ru": "[[{name}, звонили||Звонили]] вам по заказу {order_number}, но не застали. Когда удобно поговорить?",
        "en": "[[{name}, we||We]] called about your order {order_number} and missed you. When may we call again?",
    },
    "payment_link": {
        "ru": "[[{name}, ваша||Ваша]] ссылка для оплаты заказа {order_number}: {payment_link}",
        "en": "[[{name}, here||Here]] is the link to pay for your order {order_number}: {payment_link}",
    },
}

#: The same by SMS: short, for each segment of 70 characters is paid for.
SMS: Mapping[str, Mapping[str, str]] = {
    "callback_received": {
        "ru": "Заявка {order_number} принята. Перезвоним вам в ближайшие минуты.",
        "en": "We have your request {order_number} and will call you within minutes.",
    },
    "order_received": {
        "ru": "Заказ {order_number} принят. Оплатить: {payment_link}",
        "en": "We have your order {order_number}. Pay here: {payment_link}",
    },
    "no_answer": {
        "ru": "Звонили по заказу {order_number}, не застали. Перезвоним позже.",
        "en": "We called about your order {order_number} and missed you. We will call again.",
    },
    "payment_link": {
        "ru": "Оплата заказа {order_number}: {payment_link}",
        "en": "Pay for your order {order_number}: {payment_link}",
    },
}
