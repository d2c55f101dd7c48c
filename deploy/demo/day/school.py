"""The school's day put together: its shop, its managers, its customers' messenger, and both sides' books."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from deploy.demo.day.balance import Day
from deploy.demo.day.books import Books
from deploy.demo.day.ground import Ground, asked
from deploy.demo.day.managers import Manager, done
from deploy.demo.day.play import Play
from deploy.demo.day.reading import read_day
from deploy.demo.day.script import customers
from deploy.demo.day.shop import Deal, Shop
from deploy.standins.wazzup.accounts import DEMO_KEY

Hourly = Callable[[int], Awaitable[None]]


async def played(
    ground: Ground,
    token: str,
    desk: str,
    hook: str,
    count: int,
    step: timedelta,
    seed: int,
    hourly: Hourly | None = None,
) -> Day:
    """Play a day of `count` orders; return both sides' books. `hook`: the shop's webhook with its token."""
    books, shop = Books(), Shop(ground, hook)
    by_lead: dict[str, Deal] = {}

    async def write(phone: str, name: str, text: str) -> None:
        said = {"key": DEMO_KEY, "chat_id": phone.removeprefix("+"), "name": name, "text": text}
        (await ground.standin("/wazzup/_inbound", said)).raise_for_status()

    def deal_of(lead_id: str) -> Deal | None:
        by_lead.update({deal.lead_id: deal for deal in shop.deals.values()})
        return by_lead.get(lead_id)

    managers: dict[str, Manager] = {}
    play = Play(ground, shop, books, managers, write, step, seed, hourly)
    path = f"/assignment/v1/operators?desk={desk}&limit=200"
    people = done(await asked(ground.client, "GET", path, headers={"Authorization": f"Bearer {token}"}))["items"]
    for one in people:
        own = await ground.token(one["subject"], "operator", desk)
        managers[one["id"]] = Manager(ground, one["id"], own, books, deal_of, play.promised)
    await play.play(customers(count, seed))
    return Day(shop.deals, books, await read_day(ground, token, desk, play.begins))
