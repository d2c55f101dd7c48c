"""An operator's screen in the browser: calls and streams of its page, as a test asks for them."""

from dataclasses import dataclass
from enum import StrEnum

from services.notifications.feed.rules import FeedKind
from services.tasks.live.rules import GONE, ChangeKind
from tests.browser.devtools import Json
from tests.browser.page import Page

SCREEN = '<script src="screen.js"></script>'
KINDS = sorted({*ChangeKind, GONE, *FeedKind})  # EventSource gives only what it was asked for


class Way(StrEnum):
    """How a page follows a stream."""

    TICKET = "followByTicket(origin, service, token, kinds, told)"
    FETCH = "followByFetch(origin, service, token, told)"


@dataclass
class Screen:
    """A page of an operator; `origin` is where it finds the product."""

    page: Page
    origin: str
    token: str = ""

    async def log_in(self, sub: str) -> None:
        """Get the token that the embedded stack gives to who says their name."""
        body = {"sub": sub, "roles": ["operator"], "desks": ["demo"]}
        self.token = (await self.call("POST", "/dev/token", body=body))["body"]["access_token"]

    async def call(self, method: str, path: str, **request: object) -> Json:
        """Call an API; return status, the headers that the page may read, and the body."""
        request = {"token": self.token, **request} if self.token else request
        names = {"origin": self.origin, "method": method, "path": path, "request": request}
        made: Json = await self.page.run("return await call(origin, method, path, request)", **names)
        return made

    async def follow(self, service: str, way: Way, token: str | None = None) -> None:
        """Begin to follow a stream, and wait until it says where it is."""
        script = f"window.told = new Told(); window.following = {way}; await until(() => told.opened)"
        names = {"origin": self.origin, "service": service, "token": token or self.token, "kinds": KINDS}
        await self.page.run(script, **names)

    async def told(self, kind: str, *customers: str) -> list[Json]:
        """Wait until the stream has told a kind of each customer; return all that it has told of them."""
        script = "await until(() => customers.every(name => told.of(name).some(each => each.kind === kind)))"
        script += "; return told.seen.filter(each => customers.includes(each.customer?.name))"
        seen: list[Json] = await self.page.run(script, kind=kind, customers=customers)
        return seen

    async def reason_of_the_end(self) -> str:
        """Wait until the stream has ended for good."""
        found: str = await self.page.run("await following; return told.ended")
        return found
