"""GetCourse's own API: requests and what their answers mean. Pure.

Import: a form with base64 JSON, success said on two levels, with flags of any type. The same `deal_number` edits
the order, so a repeat is no second order. Export: it is begun, then asked for until it is ready; rows have the
titles of the school's language. Errors come with HTTP 200.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

import orjson

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear
from libs.common.connect.exchange import HttpRequest, Reply
from services.intake.placements.rules import OURS, Placing
from services.intake.schools.rules import TOO_LONG, Exported, Failed, Listed, Started

CALLS, PERIOD = 50, timedelta(hours=2)  # half of what the school allows in any two hours: our periods do not slide
_YES = (True, 1, "true", "1")
_SERVER = 500
_ORDERS, _EVENTS = 2, (1, 2, 3)  # what the newer webhooks report: orders; made, another status, paid
_REDIRECTS = range(300, 400)
# What the school refuses to all that is asked, by what its messages begin with.
_NEEDS_A_PERSON: Mapping[str, str] = {
    "достигнут лимит": "limit_reached",
    "действие запрещено": "read_only_key",
    "неверный": "wrong_key",
    "пустой параметр": "form_lost",
}
_TITLES: Mapping[str, str] = {
    "id заказа": "deal_id", "order id": "deal_id",
    "номер": "number", "номер заказа": "number", "number": "number",
    "пользователь": "name", "user": "name", "имя": "first_name", "фамилия": "last_name",
    "email": "email", "эл. почта": "email", "телефон": "phone", "phone": "phone",
    "дата создания": "created_at", "created at": "created_at",
    "состав заказа": "positions", "предложения": "positions", "offers": "positions",
    "статус": "status", "status": "status",
    "оплачено": "payed_money", "paid": "payed_money",
    "ссылка на оплату": "payment_link",
    "utm_source": "utm_source", "utm_medium": "utm_medium", "utm_campaign": "utm_campaign",
}  # fmt: skip
_COST = re.compile(r"(?:стоимость|cost)(?:,\s*([a-z]{3}))?")


@dataclass(frozen=True, slots=True)
class Placed:
    """What the school says of an order that it has."""

    deal_id: str
    number: str | None
    payment_link: str | None


def api_of(account: str, standins: str | None) -> str:
    """Return the root of an account's API, or of its stand-in; the school's own domain drops what is posted."""
    return f"https://{account}.getcourse.ru/" if standins is None else f"{standins}getcourse/{account}/"


def place(placing: Placing, key: str, api: str) -> HttpRequest:
    """Return the request that makes an order, or asks for the link of one that the school has made."""
    user = _said(email=placing.email, phone=placing.phone, first_name=placing.name)
    made = {"offer_code": placing.offer_code, "product_title": placing.title, "quantity": 1}
    deal = _deal(placing, **(made if OURS.fullmatch(placing.number) else _product(placing)))
    return _import(key, api, user, deal, return_payment_link=1, return_deal_number=1)


def pay(placing: Placing, key: str, api: str) -> HttpRequest:
    """Return the request that completes an order with a payment of what it lacks; a repeat finds it completed.

    No sum of a payment can be said. How the desk's customers pay is not among the school's own types. All that is
    said edits the order and its person there, so it is what the API demands of an order, and no more.
    """
    paid = {"deal_status": "payed", "deal_is_paid": 1, "payment_type": "OTHER", "payment_status": "accepted"}
    return _import(key, api, {"email": placing.email}, _deal(placing, **_product(placing), **paid))


def _product(placing: Placing) -> Mapping[str, object]:
    """Return the one product of an order, by the code of its offer if it has one."""
    return {"product_title": placing.title} if placing.offer_code is None else {"offer_code": placing.offer_code}


def _deal(placing: Placing, **said: object) -> Mapping[str, object]:
    cost = None if placing.amount is None else f"{placing.amount:.2f}"
    return _said(deal_number=placing.number, deal_cost=cost, deal_currency=placing.currency, **said)


def _import(
    key: str, api: str, user: Mapping[str, object], deal: Mapping[str, object], **system: object
) -> HttpRequest:
    document = {"user": user, "system": {"refresh_if_exists": 1, **system}, "deal": deal}
    params = base64.b64encode(orjson.dumps(document)).decode()
    return HttpRequest.form(f"{api}pl/api/deals", {"action": "add", "key": key, "params": params})


def placed(reply: Reply) -> tuple[Answer, Placed | None]:
    """Read the answer to an order, of any shape. Raises nothing."""
    if reply.status >= _SERVER:
        return Unclear(f"http_{reply.status}"), None
    if reply.status in _REDIRECTS or not reply.body.strip():
        # Another address drops what is posted; a tariff without the import answers with nothing.
        return Refused(Class.CONFIGURATION, "redirected" if reply.body else "empty_answer"), None
    if reply.status != 200:
        return Refused(Class.CONFIGURATION, f"http_{reply.status}"), None
    outer = reply.json()
    inner = outer.get("result")
    if "success" not in outer:
        return Unclear("not_an_answer"), None
    result = inner if isinstance(inner, dict) else {}
    if outer["success"] not in _YES or result.get("success") not in _YES:
        return _refusal(str(result.get("error_message") or outer.get("error_message") or "")), None
    deal_id = result.get("deal_id")
    if not isinstance(deal_id, int | str):
        return Unclear("no_deal_id"), None
    known = Placed(str(deal_id), _text(result.get("deal_number")), _text(result.get("payment_link")))
    return Accepted(known.deal_id), known


def start_export(key: str, api: str, by: str, since: date, until: date) -> HttpRequest:
    """Return the request that begins a list of orders: those whose time `by` is on one of the days."""
    query = {"key": key, f"{by}[from]": since.isoformat(), f"{by}[to]": until.isoformat()}
    return HttpRequest("GET", f"{api}pl/api/account/deals?{urlencode(query)}")


def ask_export(key: str, api: str, export_id: int) -> HttpRequest:
    """Return the request for a list that was begun."""
    return HttpRequest("GET", f"{api}pl/api/account/exports/{export_id}?{urlencode({'key': key})}")


def subscribe(key: str, api: str, uri: str) -> Sequence[HttpRequest]:
    """Return the requests that have orders reported to an address: made, with another status, paid."""
    return [
        HttpRequest.json(
            "POST", f"{api}pl/api/v1/set-uri",
            {"uri": uri, "event_object_id": _ORDERS, "event_id": event}, {"authorization": f"Bearer {key}"},
        )
        for event in _EVENTS
    ]  # fmt: skip


def subscribed(reply: Reply) -> str:
    """Read the answer to one of them, of any shape; return why it was refused, nothing when it was not."""
    if reply.status in (401, 403):
        return "wrong_key"
    if reply.status != 200:
        return f"http_{reply.status}"
    said = reply.json()
    if "success" not in said:
        return "not_an_answer"
    return "" if said["success"] in (*_YES, "OK", "ok") else "refused"


def listed(reply: Reply) -> Listed:
    """Read an answer of the export API, of any shape. Raises nothing."""
    if reply.too_long:
        return Failed(TOO_LONG)
    if reply.status != 200:
        return Failed(f"http_{reply.status}")
    said = reply.json()
    if "success" not in said:
        return Failed("not_an_answer" if reply.body.strip() else "empty_answer")
    info = said.get("info")
    if said["success"] not in _YES or not isinstance(info, dict):
        return Failed(str(said.get("error_code") or "refused")[:40])
    if "export_id" in info:
        export_id = str(info["export_id"])
        return Started(int(export_id)) if export_id.isdecimal() else Failed("no_export_id")
    fields, items = info.get("fields"), info.get("items")
    if not isinstance(fields, list) or not isinstance(items, list):
        return Failed("no_list")
    titles = [_title(str(field)) for field in fields]
    return Exported(tuple(_row(titles, item) for item in items if isinstance(item, list)))


def _title(title: str) -> tuple[str | None, str | None]:
    """Return the name of a column, and the currency that its title says."""
    text = " ".join(title.lower().replace("ё", "е").split())
    if (cost := _COST.fullmatch(text)) is not None:
        return "cost_value", cost[1].upper() if cost[1] else None
    return _TITLES.get(text), None


def _row(titles: list[tuple[str | None, str | None]], item: list[object]) -> dict[str, str]:
    row: dict[str, str] = {}
    for (name, currency), value in zip(titles, item, strict=False):
        if name is None or value is None or isinstance(value, list | dict) or str(value).strip() == "":
            continue
        row.setdefault(name, str(value))
        if currency is not None:
            row.setdefault("currency", currency)
    return row


def _refusal(message: str) -> Refused:
    text = message.strip().lower()
    for beginning, code in _NEEDS_A_PERSON.items():
        if text.startswith(beginning):
            return Refused(Class.CONFIGURATION, code, message[:200])
    return Refused(Class.MESSAGE, "refused_by_school", message[:200])


def _said(**members: object) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


def _text(value: object) -> str | None:
    return str(value)[:2000] if isinstance(value, str | int) and str(value) else None
