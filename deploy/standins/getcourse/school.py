"""A school as the stand-in keeps it: users, orders, exports. No I/O."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

LIMIT, WINDOW = 100, timedelta(hours=2)  # requests of the export API, polls included
STATUSES: Mapping[str, str] = {
    "new": "Новый",
    "payed": "Завершен",
    "cancelled": "Отменен",
    "in_work": "В работе",
    "payment_waiting": "Ожидаем оплаты",
    "part_payed": "Частично оплачен",
    "waiting_for_return": "Ожидаем возврата",
    "not_confirmed": "Не подтвержден",
    "pending": "Отложен",
    "false": "Ложный",
}


@dataclass(slots=True)
class User:
    """A person of the school; an e-mail is the key, a phone may be missing."""

    id: int
    email: str
    phone: str = ""
    first_name: str = ""
    last_name: str = ""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.first_name, self.last_name)))


@dataclass(slots=True)
class Deal:
    """An order. Times are business time."""

    id: int
    number: str
    user: User
    title: str
    cost: Decimal
    currency: str
    created_at: datetime
    changed_at: datetime
    status: str = "new"
    payed: Decimal = Decimal(0)
    payed_at: datetime | None = None
    given_number: bool = False  # whether who made it gave the number

    @property
    def own_number(self) -> str:
        return str(self.id - 699_000)


@dataclass(slots=True)
class Export:
    """A list as it was when it was asked for, ready at a moment."""

    id: int
    ready_at: datetime
    fields: list[str]
    items: list[list[str]]


@dataclass(slots=True)
class School:
    """An account. `address`: where «Вызвать URL» calls; `uris`: addresses of the newer webhooks, by event.

    `creates`: how many orders its tariff still lets the import make (None: any number). `export_seconds`: how long
    an export takes. `wrapped`: whether the newer webhooks stand in `json`. `numbers_anew`: whether the import
    answers with a number of the school's own, also where it was given one.
    """

    account: str
    key: str
    bearer: str = "demo-developer_demo-school"
    zone: str = "Europe/Moscow"
    address: str = ""
    uris: dict[int, str] = field(default_factory=dict)
    read_only: bool = False
    has_import: bool = True
    creates: int | None = None
    export_seconds: float = 45.0
    wrapped: bool = True
    numbers_anew: bool = False
    users: dict[str, User] = field(default_factory=dict)
    deals: dict[int, Deal] = field(default_factory=dict)
    exports: dict[int, Export] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=lambda: count(700_100))
    _asked: deque[datetime] = field(default_factory=deque)

    def over_limit(self, now: datetime) -> bool:
        """Count a request of the export API; True when more than 100 came within two hours."""
        while self._asked and self._asked[0] <= now - WINDOW:
            self._asked.popleft()
        self._asked.append(now)
        return len(self._asked) > LIMIT

    @property
    def asked(self) -> int:
        """Return how many requests of the export API count now."""
        return len(self._asked)

    def exporting(self, now: datetime) -> bool:
        """Return whether an export is being made."""
        return any(now < export.ready_at for export in self.exports.values())

    def user(self, email: str, phone: str = "", first_name: str = "", last_name: str = "") -> User:
        """Return the user of an e-mail, with what is said of them now."""
        user = self.users.setdefault(email.lower(), User(next(self.numbers), email.lower()))
        user.phone = phone or user.phone
        user.first_name, user.last_name = first_name or user.first_name, last_name or user.last_name
        return user

    def deal_of(self, number: str) -> Deal | None:
        """Return the order of a number."""
        return next((deal for deal in self.deals.values() if deal.number == number), None)

    def add(self, user: User, title: str, cost: Decimal, currency: str, now: datetime, number: str = "") -> Deal:
        """Make an order."""
        deal_id = next(self.numbers)
        deal = Deal(
            deal_id,
            number,
            user,
            title,
            cost,
            currency,
            now,
            now,
            given_number=bool(number),
        )
        deal.number = number or deal.own_number
        self.deals[deal_id] = deal
        return deal

    def set_status(self, deal: Deal, status: str, now: datetime, payed: Decimal | None = None) -> None:
        """Change an order; one that is paid has its whole sum, unless another is said."""
        deal.status, deal.changed_at = status, now
        if payed is not None or status == "payed":
            deal.payed = deal.cost if payed is None else payed
            deal.payed_at = now

    def local(self, moment: datetime | None) -> str:
        """Return a time as the school writes it: in its zone, without saying so."""
        return moment.astimezone(ZoneInfo(self.zone)).strftime("%Y-%m-%d %H:%M:%S") if moment else ""

    def day(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.zone)).date()


def kept(school: School, deal: Deal) -> dict[str, object]:
    """Return an order, and what is known of its user, as a line of the ledger."""
    user = deal.user
    return {
        "account": school.account, "id": deal.id, "number": deal.number, "title": deal.title,
        "cost": str(deal.cost), "payed": str(deal.payed), "currency": deal.currency, "status": deal.status,
        "created_at": deal.created_at.isoformat(), "changed_at": deal.changed_at.isoformat(),
        "payed_at": deal.payed_at.isoformat() if deal.payed_at else None, "given_number": deal.given_number,
        "user": [user.id, user.email, user.phone, user.first_name, user.last_name],
    }  # fmt: skip


def restore(school: School, line: Mapping[str, object]) -> None:
    """Take an order from a line of the ledger; the last line of an order is what it is."""
    user_id, *texts = _list(line["user"])
    user = school.users[str(texts[0])] = User(int(str(user_id)), *map(str, texts))
    deal = Deal(
        int(str(line["id"])), str(line["number"]), user, str(line["title"]), Decimal(str(line["cost"])),
        str(line["currency"]), _time(line["created_at"]), _time(line["changed_at"]), str(line["status"]),
        Decimal(str(line["payed"])), _time(line["payed_at"]) if line["payed_at"] else None,
        bool(line["given_number"]),
    )  # fmt: skip
    school.deals[deal.id] = deal
    school.numbers = count(max(deal.id, user.id, *school.deals) + 1000)  # past the exports of before


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _time(value: object) -> datetime:
    return datetime.fromisoformat(str(value))


def money(amount: Decimal) -> str:
    """Return an amount as a Russian writes it: `12 000,00`."""
    return f"{amount:,.2f}".replace(",", " ").replace(".", ",")
