"""The school's shop at GetCourse: orders and payments, said by its "call URL" as its administrators set it up."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx

from deploy.demo.day.ground import Ground, asked
from deploy.demo.day.script import Customer

ZONE = ZoneInfo("Europe/Moscow")


@dataclass
class Deal:
    """An order at the shop: the truth about it."""

    number: str
    customer: Customer
    created_at: datetime
    paid: bool = False
    lead_id: str = ""


@dataclass
class Shop:
    """Says every order and payment to the product. `webhook`: the source's path with its token in the query."""

    ground: Ground
    webhook: str
    deals: dict[str, Deal] = field(default_factory=dict)

    async def order(self, customer: Customer, now: datetime, mark: str = "") -> Deal:
        """Take an order of a customer; `mark` makes a second one another order."""
        number = f"D{now:%y%m%d}-{customer.number}{mark}"
        deal = self.deals[number] = Deal(number, customer, now)
        deal.lead_id = (await self._say(deal)).json()["lead_id"]
        return deal

    async def pay(self, deal: Deal) -> None:
        """Take the payment of an order; who has paid does not pay again."""
        if not deal.paid:
            deal.paid = True
            await self._say(deal)

    async def _say(self, deal: Deal) -> httpx.Response:
        customer, price = deal.customer, deal.customer.price
        said = {
            "deal_id": deal.number,
            "number": deal.number,
            "status": "Завершен" if deal.paid else "Новый",
            "cost_value": str(price),
            "payed_money": str(price if deal.paid else 0),
            "positions": customer.package,
            "payment_link": f"https://school.example.com/pay/{deal.number}",
            "created_at": f"{deal.created_at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}",
            "first_name": customer.name,
            "phone": customer.phone,
            "email": customer.email,
        }
        address = str(httpx.URL(self.webhook).copy_merge_params(said))
        answer = await asked(self.ground.client, "GET", address)
        answer.raise_for_status()
        return answer
