"""The school's day put together: its shop, its managers, its customers' messenger, and both sides' books."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from deploy.demo.day.balance import Day
from deploy.demo.day.books import Books
from deploy.demo.day.ground import Ground, asked
from deploy.demo.day.managers import Manager, Task, done
from deploy.demo.day.play import Play, next_beginning
from deploy.demo.day.reading import read_day
from deploy.demo.day.rota import KINDS, WISHED, Planning, agreed
from deploy.demo.day.script import customers
from deploy.demo.day.shop import Deal, Shop
from deploy.standins.wazzup.accounts import SCHOOL_KEY

#: Who looks after payments is here in both shifts.
ALWAYS = ("polina",)
#: Who oversleeps.
LATE = {"boris": timedelta(minutes=15)}

Hourly = Callable[[int], Awaitable[None]]


async def played(
    ground: Ground,
    token: str,
    desk: str,
    webhook: str,
    count: int,
    step: timedelta,
    seed: int,
    hourly: Hourly | None = None,
) -> Day:
    """Play a day of `count` orders; return both sides' books. `webhook`: the shop's webhook with its token."""
    books, shop = Books(), Shop(ground, webhook)

    async def write(phone: str, name: str, text: str) -> None:
        said = {"key": SCHOOL_KEY, "chat_id": phone.removeprefix("+"), "name": name, "text": text}
        (await ground.standin("/wazzup/_inbound", said)).raise_for_status()

    def deal_of(task: Task) -> Deal | None:
        return next((deal for deal in shop.deals.values() if task["lead_id"] == deal.lead_id), None)

    path, admin = f"/assignment/v1/operators?desk={desk}&limit=200", {"Authorization": f"Bearer {token}"}
    people = done(await asked(ground.client, "GET", path, headers=admin))["items"]
    ids = {one["subject"]: one["id"] for one in people}
    managers: dict[str, Manager] = {}
    tokens = {name: await ground.token(name, "operator", desk) for name in (*WISHED, *ALWAYS)}
    begins = next_beginning(await ground.now())
    headers = {name: {"Authorization": f"Bearer {own}"} for name, own in tokens.items()}
    rota = await Planning(ground, desk, begins, ids, headers, admin).plan()
    books.rota = agreed(ids)
    crews = [[*sorted(rota[kind]), *(ids[name] for name in ALWAYS)] for kind in KINDS]
    late = {ids[name]: by for name, by in LATE.items()}
    play = Play(ground, shop, books, managers, crews, late, write, step, seed, begins, hourly)
    for name, own in tokens.items():
        managers[ids[name]] = Manager(ground, ids[name], own, books, deal_of, play.promised)
        # The day begins with none of them at work.
        home = {"operator_id": ids[name], "override": "До начала дня"}
        done(await asked(ground.client, "POST", "/assignment/v1/check-out", home, admin))
    await play.play(customers(count, seed))
    return Day(shop.deals, books, await read_day(ground, token, desk, begins))
