"""The script of the week: what is done on which day, beside the orders and the work of each hour."""

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import httpx

from deploy.demo.desk import put_to_work
from services.notifications.autopilot.rules import LEAST
from tests.e2e.test_desk_day import until
from tests.e2e.week import (
    ANNA,
    ANSWER,
    BLOCKED,
    BORIS,
    BOTS,
    CHANNEL,
    DAY,
    GIVEN,
    GROUPS,
    HALTED,
    KEY,
    LONG_PAUSE,
    NIGHT,
    OUT_OF_ORDER,
    PRICE_LIST,
    PRICES,
    SEED,
    ZONES,
    Week,
    made,
    monday,
    phone_of,
    written,
)
from tests.support.browser import Browser
from tests.support.mailboxes import Mailboxes
from tests.support.settle import settle
from tests.support.stack import ProcessStack
from tests.support.staff import Staff

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, _ = range(7)


async def begun(stack: ProcessStack, admin: httpx.AsyncClient, folder: Path) -> Week:
    """Put the desk to work, with a second worker of the services that send and decide."""
    await stack.open_account(KEY, CHANNEL)
    outcome = await put_to_work(admin, written(folder))
    await Mailboxes(stack).open_channel("week")
    await until(partial(Mailboxes(stack).give_to, "week", "post"))
    for service in ("tasks", "notifications"):
        await stack.start_second(service)
    tokens = {subject: stack.issuer.token(subject, ["operator"], ["week"]) for subject in ("zoya", "pavel")}
    await until(partial(takes_pushes, stack, tokens["zoya"]))
    said, secrets = outcome.said("intake", "hooks"), outcome.said("intake", "secrets")
    hooks, keys = ({source: str(each[source]) for source in (*ZONES, "post", "fair")} for each in (said, secrets))
    staff, chance = Staff(stack.client, tokens, SEED), random.Random(SEED)  # noqa: S311 - repeatable
    week = Week(stack, hooks, keys, staff, chance, monday(stack.clock.now()))
    for account in (week.sms, week.team, *week.bots.values()):
        await account.answer_all()
    return week


async def takes_pushes(stack: ProcessStack, token: str) -> bool:
    """Subscribe the browser of an operator; False: they are not known yet."""
    browser = Browser(f"http://127.0.0.1:{stack.ports['standins']}/web_push/send/zoya").subscription
    auth = {"Authorization": f"Bearer {token}"}
    put = await stack.client.put("/notifications/v1/push-subscriptions", json=browser, headers=auth)
    return put.is_success


async def play(week: Week) -> None:
    """Play the week, up to the morning after it."""
    for day in range(7):
        for hour, script in ((DAY, BY_DAY), (NIGHT, BY_NIGHT)):
            await week.until(week.begins + timedelta(days=day, hours=hour))
            await week.hour()
            if day in script:
                await script[day](week)
    await week.until(week.begins + timedelta(days=7, hours=9.5))


async def monday_night(week: Week) -> None:
    """Customers order by mail, one of whom cannot be reached by it, and others write to the bots."""
    await week.post.close(BORIS)
    for address in (ANNA, BORIS):
        await week.order_by_mail(address)
    for code, bot in week.bots.items():
        await bot.write(BOTS[code], "Сколько стоит?")


async def tuesday(week: Week) -> None:
    """Those who wrote to the bots are answered, and an operator proposes a template, which their head approves."""
    for code in BOTS:
        made(await week.answer(code, text=ANSWER))
    body = {"desk": "week", "code": PRICES, "bodies": {"ru": PRICE_LIST, "en": PRICE_LIST}}
    version = made(await week.do("zoya", "/notifications/v1/templates", **body))["version"]
    path = f"/notifications/v1/templates/{PRICES}/versions/{version}/approve"
    week.approvals += [await week.do(subject, path) for subject in ("zoya", "pavel")]


async def tuesday_night(week: Week) -> None:
    """One answers by mail, one tells a bot a number and blocks it. A call is recorded, two customers are one."""
    await week.post.write(ANNA, "Можно завтра?")
    await week.bots["telegram"].write(BOTS["telegram"], f"+{GIVEN}")
    await week.bots["telegram"].refuse(BLOCKED, [BOTS["telegram"]])
    await week.call(list(week.zones)[2])
    await week.merge(*list(week.zones)[3:5])
    week.zones[GIVEN] = ZONES["west"]


async def wednesday(week: Week) -> None:
    """A customer is written to by the template that was approved. The team reads by its bots who is back."""
    made(await week.answer("max", template=PRICES))
    for subject, code in zip(("zoya", "pavel"), GROUPS, strict=True):
        bot = week.bots[code].standin
        config = {"provider": code, **bot.config(bot.demo()), "team_chat_id": GROUPS[code]}
        body = {"desk": "week", "code": f"team_{code}", "kind": "team", "config": config}
        made(await week.stack.client.post("/notifications/v1/channels", json=body, headers=week.stack.token()))
        await week.team_reads_by(f"team_{code}")
        for path in ("check-out", "check-in"):
            made(await week.do(subject, f"/assignment/v1/{path}"))
        await settle(week.stack)
    await week.team_reads_by("team")


async def wednesday_night(week: Week) -> None:
    """Customers want no more: by a mail's link no advertisements, by a word nothing. An operator plans a leave."""
    await week.unsubscribe(ANNA)
    await week.say_stop(next(iter(week.zones)))
    await week.bots["max"].write(BOTS["max"], "Стоп")
    await week.remember_stop(BOTS["max"])
    await leave(week, "zoya", "pavel", week.begins.date() + timedelta(days=THURSDAY))


async def leave(week: Week, who: str, deputy: str, day: date) -> None:
    """Plan a day's absence of an operator."""
    ids = {one["subject"]: one["id"] for one in await week.items("/assignment/v1/operators")}
    body = {"operator_id": ids[who], "deputy_id": ids[deputy], "reason": "отпуск"}
    days = {"first_day": day.isoformat(), "last_day": day.isoformat()}
    headers = week.stack.token()
    made(await week.stack.client.post("/assignment/v1/absences", json={**body, **days}, headers=headers))


async def thursday(week: Week) -> None:
    """An order and tasks come while an operator is on leave."""

    async def has_left() -> bool:
        people = await week.items("/assignment/v1/operators")
        return any(one["subject"] == "zoya" and one["absent_until"] for one in people)

    await until(has_left)
    await settle(week.stack)  # tasks hear of it behind assignment, and later where a worker was killed
    await week.order("west")
    week.deputised = week.leads[-1]
    due = week.begins + timedelta(days=THURSDAY, hours=23)
    week.entrusted += [await week.entrust("zoya", f"Договор {number}", due) for number in range(3)]


async def thursday_night(week: Week) -> None:
    for address in (ANNA, BORIS):
        await week.order_by_mail(address)


async def is_back(week: Week, subject: str) -> bool:
    """Return whether an operator has come back, and to them what their deputy had of theirs."""
    (who,) = [one for one in await week.items("/assignment/v1/operators") if one["subject"] == subject]
    now = await week.now_of(week.entrusted)
    return who["absent_until"] is None and all(
        task["operator_id"] == who["id"] or task["taken_at"] is not None for task in now
    )


async def friday(week: Week) -> None:
    """One is back from leave, one pauses. The channel of text messages takes none for those of a fair."""
    await until(partial(is_back, week, "zoya"))
    week.given_back += await week.now_of(week.entrusted)
    made(await week.do("pavel", "/assignment/v1/pause", reason="lunch"))
    coming = [phone_of(len(week.zones) + 1 + number) for number in range(LEAST + 2)]
    await week.sms.refuse(OUT_OF_ORDER, coming)
    for _ in coming:
        week.fair.append(await week.order("fair"))


async def friday_night(week: Week) -> None:
    """One more comes from the fair while the channel is halted. Then it is mended, and the pause is over."""
    week.fair.append(await week.order("fair"))
    await settle(week.stack)
    for what in (HALTED, LONG_PAUSE):
        await until(partial(week.raised, what))
    await week.sms.take_again()
    (channel,) = [one for one in await week.items("/notifications/v1/channels") if one["code"] == "sms"]
    await week.switch(channel, active=True)
    made(await week.do("pavel", "/assignment/v1/check-in"))


async def saturday(week: Week) -> None:
    """The last one of the fair orders."""
    week.fair.append(await week.order("fair"))


Script = Mapping[int, Callable[[Week], Awaitable[None]]]
BY_DAY: Script = {TUESDAY: tuesday, WEDNESDAY: wednesday, THURSDAY: thursday, FRIDAY: friday, SATURDAY: saturday}
BY_NIGHT: Script = {
    MONDAY: monday_night,
    TUESDAY: tuesday_night,
    WEDNESDAY: wednesday_night,
    THURSDAY: thursday_night,
    FRIDAY: friday_night,
}
