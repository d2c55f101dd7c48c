"""The export API: an export is begun, asked for until it is ready, and counted. Errors come with HTTP 200."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from deploy.standins.getcourse.school import STATUSES, Deal, Export, School, money

NO_KEY, AUTH, RATE, RUNNING, NO_FILTER, NOT_READY, BAD_STATUS, NO_EXPORT = 904, 901, 903, 905, 908, 909, 913, 907
_FILTERS = ("created_at", "payed_at", "finished_at", "status_changed_at")
_DEALS = ("ID заказа", "Номер", "ID пользователя", "Пользователь", "Email", "Телефон", "Дата создания",
          "Дата оплаты", "Состав заказа", "Статус", "Стоимость, {currency}", "Оплачено")  # fmt: skip
_USERS = ("id", "Email", "Телефон", "Имя", "Фамилия")

Answer = dict[str, object]


def error(code: int) -> Answer:
    """Return an error as the API words it."""
    return {"success": False, "info": [], "error": True, "error_message": f"stand-in: {code}", "error_code": code}


def _info(info: Answer) -> Answer:
    return {"success": True, "info": info, "error": False, "error_message": "", "error_code": None}


def checked(school: School, query: Mapping[str, str], now: datetime) -> Answer | None:
    """Return why a request is refused, for all that it may ask, and count it."""
    if not query.get("key"):
        return error(NO_KEY)
    if query["key"] != school.key:
        return error(AUTH)
    return error(RATE) if school.over_limit(now) else None


def begin(school: School, what: str, query: Mapping[str, str], now: datetime) -> Answer:
    """Begin an export of deals or users."""
    if school.exporting(now):
        return error(RUNNING)
    status = query.get("status")
    if status is not None and status not in STATUSES:
        return error(BAD_STATUS)
    wanted = _wanted(school, query)
    if wanted is None:
        return error(NO_FILTER)
    deals = [deal for deal in school.deals.values() if wanted(deal) and status in (None, deal.status)]
    fields, items = _users(school) if what == "users" else _orders(school, deals)
    ready_at = now + timedelta(seconds=school.export_seconds)
    export = Export(next(school.numbers), ready_at, fields, items)
    school.exports[export.id] = export
    return _info({"export_id": export.id})


def result(school: School, export_id: int, now: datetime) -> Answer:
    """Return an export once it is ready."""
    export = school.exports.get(export_id)
    if export is None:
        return error(NO_EXPORT)
    if now < export.ready_at:
        return error(NOT_READY)
    return _info({"fields": export.fields, "items": export.items})


def _wanted(school: School, query: Mapping[str, str]) -> Callable[[Deal], bool] | None:
    """Return the condition of a query's dates; None without any."""
    ranges = [
        (name, _day(query.get(f"{name}[from]")), _day(query.get(f"{name}[to]")))
        for name in _FILTERS
        if f"{name}[from]" in query or f"{name}[to]" in query
    ]
    user = query.get("user_id")
    if not ranges and user is None and "status" not in query:
        return None

    def fits(deal: Deal) -> bool:
        times = {"created_at": deal.created_at, "payed_at": deal.payed_at, "finished_at": deal.payed_at,
                 "status_changed_at": deal.changed_at}  # fmt: skip
        return user in (None, str(deal.user.id)) and all(
            (moment := times[name]) is not None and (low or date.min) <= school.day(moment) <= (high or date.max)
            for name, low, high in ranges
        )

    return fits


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


_Listed = tuple[list[str], list[list[str]]]


def _orders(school: School, deals: list[Deal]) -> _Listed:
    currency = deals[0].currency if deals else "RUB"
    items = [
        [str(deal.id), deal.number, str(deal.user.id), deal.user.name, deal.user.email, deal.user.phone,
         school.local(deal.created_at), school.local(deal.payed_at), deal.title, STATUSES[deal.status],
         money(deal.cost), money(deal.payed)]
        for deal in deals
    ]  # fmt: skip
    return [title.format(currency=currency) for title in _DEALS], items


def _users(school: School) -> _Listed:
    items = [
        [str(user.id), user.email, user.phone, user.first_name, user.last_name] for user in school.users.values()
    ]
    return list(_USERS), items
