"""The import API: a form with base64 JSON, success said on two levels, an order is known by its number."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum

import orjson

from deploy.standins.getcourse.school import STATUSES, Deal, School, User

LIMIT_REACHED, READ_ONLY = "Достигнут лимит", "Действие запрещено"
_PAYMENTS = ("expected", "accepted", "returned", "tobalance", "frombalance", "returned_to_balance")

Answer = dict[str, object]


class RefusedError(Exception):
    """What the API refuses; `inner`: on the second level, the first one says success."""

    def __init__(self, message: str, *, inner: bool = False) -> None:
        super().__init__(message)
        self.message, self.inner = message, inner


def refused(error: RefusedError) -> Answer:
    """Return a refusal as the API words it."""
    if not error.inner:
        return {"success": False, "error": True, "error_message": error.message, "action": "", "result": []}
    result = {"success": False, "error": True, "error_message": error.message}
    return {"success": True, "action": "add", "result": result}


def document_of(school: School, form: Mapping[str, str]) -> dict[str, object]:
    """Return what `params` says. Raises RefusedError."""
    if not form.get("action"):
        raise RefusedError("Пустой параметр action")
    if form.get("key") != school.key:
        raise RefusedError("Неверный секретный ключ")
    if school.read_only:
        raise RefusedError(READ_ONLY)
    try:
        value = orjson.loads(base64.b64decode(form.get("params", ""), validate=True))
    except (binascii.Error, orjson.JSONDecodeError):
        raise RefusedError("Некорректные параметры") from None
    if not isinstance(value, dict):
        raise RefusedError("Некорректные параметры")
    return value


def add_user(school: School, document: Mapping[str, object]) -> User:
    """Add or change the person of a document. Raises RefusedError."""
    said = _object(document, "user")
    email = str(said.get("email") or "")
    if "@" not in email:
        raise RefusedError("Не указан Email пользователя", inner=True)
    texts = {name: str(said.get(name) or "") for name in ("phone", "first_name", "last_name")}
    return school.user(email, **texts)


class Change(Enum):
    """What an import has made of an order."""

    NEW, STATUS, NONE = range(3)


def add_deal(school: School, document: Mapping[str, object], now: datetime) -> tuple[Deal, Change]:
    """Add an order, or change the one of the same number; return it and what has changed. Raises RefusedError."""
    said, system = _object(document, "deal"), _object(document, "system")
    number, status = str(said.get("deal_number") or ""), str(said.get("deal_status") or "new")
    title = str(said.get("product_title") or said.get("offer_code") or said.get("offer_id") or "")
    if not title:
        raise RefusedError("Не указано предложение", inner=True)
    if status not in STATUSES:
        raise RefusedError("Некорректный статус заказа", inner=True)
    if said.get("payment_status", "expected") not in _PAYMENTS:
        raise RefusedError("Некорректный статус платежа", inner=True)
    cost = _cost(said)
    known = school.deal_of(number) if number else None
    if known is None and school.creates == 0:
        raise RefusedError(LIMIT_REACHED)
    user = add_user(school, document)
    if known is not None:
        if not system.get("refresh_if_exists"):
            raise RefusedError("Заказ уже существует", inner=True)
        known.title, known.cost = title, known.cost if cost is None else cost
        if "deal_status" not in said or status == known.status:
            return known, Change.NONE
        school.set_status(known, status, now)
        return known, Change.STATUS
    deal = school.add(user, title, cost or Decimal(0), str(said.get("deal_currency") or "RUB"), now, number)
    if status != deal.status:
        school.set_status(deal, status, now)
    if school.creates is not None:
        school.creates -= 1
    return deal, Change.NEW


def _cost(said: Mapping[str, object]) -> Decimal | None:
    if "deal_cost" not in said:
        if "offer_id" in said:
            return None
        raise RefusedError("Не указана стоимость", inner=True)
    try:
        return Decimal(str(said["deal_cost"]))
    except InvalidOperation:
        raise RefusedError("Некорректная стоимость", inner=True) from None


def _object(document: Mapping[str, object], name: str) -> dict[str, object]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}
