"""What a school sends us: «Вызвать URL» with filled placeholders, and the newer webhooks. Nothing is signed."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson

from deploy.standins.callbacks import Post
from deploy.standins.faults import Dice
from deploy.standins.getcourse.school import Deal, School, money

CREATED, CHANGED, PAID = 1, 2, 3
_NAMES: Mapping[int, str] = {CREATED: "dealCreated", CHANGED: "dealStatusChanged", PAID: "dealPaid"}


def link_of(base: str, school: School, deal: Deal) -> str:
    return f"{base}{school.account}/sales/shop/dealPay/id/{deal.id}/hash/{deal.id:x}"


def events_of(deal: Deal, *, fresh: bool) -> list[int]:
    """Return the events of a change: one payment is two."""
    if fresh:
        return [CREATED]
    return [CHANGED, PAID] if deal.status == "payed" else [CHANGED]


def called(school: School, deal: Deal, base: str) -> Post:
    """Return the call of the URL; a phone that is missing stays empty, a placeholder without a value as it is."""
    fields = {
        "deal_id": str(deal.id),
        "number": deal.number,
        "status": deal.status,
        "cost": f"{money(deal.cost)} руб.",
        "cost_value": f"{deal.cost:f}",
        "payed_money": f"{deal.payed:f}",
        "left_cost_money": f"{deal.cost - deal.payed:f}",
        "positions": deal.title,
        "payment_link": link_of(base, school, deal),
        "created_at": school.local(deal.created_at),
        "email": deal.user.email,
        "phone": deal.user.phone,
        "first_name": deal.user.first_name,
        "last_name": deal.user.last_name,
        "utm_source": "{object.deal_utm_source}",
    }
    mark = "&" if "?" in school.address else "?"
    return Post(f"{school.address}{mark}{urlencode(fields)}", b"", method="GET")


def newer(school: School, deal: Deal, now: datetime, fresh: bool, dice: Dice) -> Iterator[Post]:
    """Yield the newer webhooks of a change: ids and flags of any type, `ts` in local time with a false Z."""
    for event in events_of(deal, fresh=fresh):
        if (uri := school.uris.get(event)) is None:
            continue
        payed = deal.status == "payed"
        local = now.astimezone(ZoneInfo(school.zone)).strftime("%Y-%m-%dT%H:%M:%SZ")
        said: dict[str, object] = {
            "ts": local,
            "ts64": int(now.timestamp() * 1000),
            "gcAccountId": 4242,
            "eventType": f"getcourse/{_NAMES[event]}",
            "deal": {
                "id": dice.pick(deal.id, str(deal.id)),
                "number": deal.number,
                "cost": dice.pick(float(deal.cost), f"{deal.cost:f}"),
                "status": deal.status,
                "isPayed": dice.pick(payed, int(payed), "1" if payed else "0"),
                "currency": deal.currency,
                "offerIds": [31],
                "payedValue": float(deal.payed),
                "createdAt": school.local(deal.created_at).replace(" ", "T") + "Z",
                "clientDealNumber": deal.number if deal.given_number else None,
            },
            "user": {"id": f"4242:{deal.user.id}", "gcId": deal.user.id, "email": deal.user.email},
        }
        body = orjson.dumps({"json": said} if school.wrapped else said)
        yield Post(uri, body, {"content-type": "application/json"})
