"""A stand-in for the Bank of Russia's daily rates: in windows-1251, of the day before on days without trading."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import ClassVar
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.faults import GATEWAY, Dice, Failure, Mode, Profile
from deploy.standins.server import cut
from libs.common.domain.workdays import DayKind, Holidays
from libs.common.platform.clock import Clock, SystemClock

MOSCOW = ZoneInfo("Europe/Moscow")
_RUSSIA = Holidays("RU")
SET_AT = time(16)  # tomorrow's rates are known from then on, by Moscow's clock
_CURRENCIES = (
    ("R01090B", "933", "BYN", 1, "Белорусский рубль", Decimal("26.7890")),
    ("R01235", "840", "USD", 1, "Доллар США", Decimal("80.1234")),
    ("R01239", "978", "EUR", 1, "Евро", Decimal("92.5678")),
    ("R01335", "398", "KZT", 100, "Тенге", Decimal("15.4321")),
)


class CbrStandin:
    """It needs no key. A rate moves a little from day to day, always the same for a day."""

    code: ClassVar[str] = "cbr"
    waiting: ClassVar[int] = 0  # it calls nobody back

    def __init__(self, profile: Profile = GATEWAY, seed: int = 0, clock: Clock | None = None) -> None:
        self.dice, self._profile, self._clock = Dice(profile, seed), profile, clock or SystemClock()
        self.asked = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Deliver nothing: there are no callbacks."""
        yield

    def routes(self) -> Sequence[Route]:
        return [Route("/scripts/XML_daily.asp", self._daily, methods=["GET"])]

    async def _daily(self, request: Request) -> Response:
        self.asked += 1
        match self.dice.failure("*"):
            case Failure(Mode.HTTP, status):
                return Response("<html>Bad gateway</html>", int(status), media_type="text/html")
            case Failure(Mode.LOSE):
                return await cut(request)
            case Failure(Mode.HANG, seconds):
                await asyncio.sleep(float(seconds))
        text = request.query_params.get("date_req")
        try:
            asked = datetime.strptime(text, "%d/%m/%Y").date() if text else self._last()  # noqa: DTZ007 - a day
        except ValueError:
            return self._xml("<ValCurs>Error in parameters</ValCurs>")
        return self._xml(_list(in_force(min(asked, self._last()))))

    def _last(self) -> date:
        """Return the day of the last rates that were set."""
        now = self._clock.now().astimezone(MOSCOW)
        return now.date() + timedelta(days=works(now.date()) and now.time() >= SET_AT)

    @staticmethod
    def _xml(text: str) -> Response:
        body = f'<?xml version="1.0" encoding="windows-1251"?>{text}'.encode("cp1251")
        return Response(body, media_type="application/xml; charset=windows-1251")


def in_force(day: date) -> date:
    """Return of which day the rate is that holds on a day: the bank sets one for the day after each working day."""
    while not works(day - timedelta(days=1)):
        day -= timedelta(days=1)
    return day


def works(day: date) -> bool:
    """Return whether the bank sets rates on a day."""
    known = _RUSSIA.of(day)
    return day.isoweekday() <= 5 if known is None else known.kind is DayKind.WORK


def _list(day: date) -> str:
    shift = Decimal(1) + Decimal(day.toordinal() % 21 - 10) / 1000
    rows = "".join(
        f'<Valute ID="{identifier}"><NumCode>{number}</NumCode><CharCode>{code}</CharCode>'
        f"<Nominal>{nominal}</Nominal><Name>{name}</Name><Value>{_words(value * shift)}</Value>"
        f"<VunitRate>{_words(value * shift / nominal, 6)}</VunitRate></Valute>"
        for identifier, number, code, nominal, name, value in _CURRENCIES
    )
    return f'<ValCurs Date="{day:%d.%m.%Y}" name="Foreign Currency Market">{rows}</ValCurs>'


def _words(value: Decimal, digits: int = 4) -> str:
    return f"{value:.{digits}f}".replace(".", ",")
