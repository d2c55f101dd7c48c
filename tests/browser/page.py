"""One page of a browser: what a visitor does there, and what the browser says about it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from tests.browser.devtools import DevTools, Json
from tests.support.patience import PATIENCE

# The middle of the first element that a selector finds, brought into view.
_MIDDLE = """
const element = document.querySelector(selector);
element.scrollIntoView();
const {x, y, width, height} = element.getBoundingClientRect();
return {x: x + width / 2, y: y + height / 2};
"""


class ScriptError(AssertionError):
    """A script of the page threw; the message is what."""


@dataclass
class Page:
    """A page, and what was noticed since it was opened."""

    tools: DevTools
    session: str
    #: Addresses that were asked for.
    requests: list[str] = field(default_factory=list)
    #: What the console shows in red: uncaught errors, failed requests, breaches of a policy.
    errors: list[str] = field(default_factory=list)
    #: Windows to log in, once they are watched: the scheme and realm of each.
    logins: list[str] = field(default_factory=list)
    _loaded: asyncio.Event = field(default_factory=asyncio.Event)
    _background: set[asyncio.Task[Json]] = field(default_factory=set)

    @classmethod
    async def listening(cls, tools: DevTools, session: str) -> Self:
        """Return a page of a session, listening to all that is noticed."""
        page = cls(tools, session)
        tools.listen(session, page._heard)
        for domain in ("Page", "Runtime", "Log", "Network"):
            await page.call(f"{domain}.enable")
        return page

    async def watch_logins(self) -> None:
        """Notice from now on where a person would have met a window to log in, and close each."""
        await self.call("Fetch.enable", handleAuthRequests=True)

    async def call(self, method: str, **params: object) -> Json:
        """Do a command of DevTools on this page."""
        return await self.tools.call(method, self.session, **params)

    async def open(self, address: str) -> None:
        """Go to an address and wait until it is loaded."""
        async with self.leaving():
            await self.call("Page.navigate", url=address)

    @asynccontextmanager
    async def leaving(self) -> AsyncIterator[None]:
        """After the block, wait for the page that it leads to."""
        self._loaded.clear()
        yield
        async with asyncio.timeout(PATIENCE):
            await self._loaded.wait()

    async def click(self, selector: str, times: int = 1) -> None:
        """Press the left button of the mouse on an element."""
        place = await self.run(_MIDDLE, selector=selector)
        for _ in range(times):
            for kind in ("mousePressed", "mouseReleased"):
                await self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    async def run(self, script: str, **names: object) -> Any:  # noqa: ANN401 - any JSON, and tests check what they read
        """Run a script in the page, in which `names` stand for values, and return what it returns or promises.

        Raises ScriptError.
        """
        given = json.dumps(names)
        made = await self.call(
            "Runtime.evaluate", expression=f"(async ({{{','.join(names)}}}) => {{{script}}})({given})",
            awaitPromise=True, returnByValue=True, userGesture=True,
        )  # fmt: skip
        if thrown := made.get("exceptionDetails"):
            raise ScriptError(thrown["exception"].get("description") or thrown["exception"].get("value"))
        return made["result"].get("value")

    async def address(self) -> str:
        found: str = await self.run("return location.href")
        return found

    async def text(self) -> str:
        """Return what the page shows."""
        found: str = await self.run("return document.body.innerText")
        return found

    @property
    def hosts(self) -> set[str]:
        """The hosts, with ports, that were asked for anything over the network."""
        found = (urlsplit(address) for address in self.requests)
        return {address.netloc for address in found if address.scheme in {"http", "https", "ws", "wss"}}

    def _heard(self, method: str, said: Json) -> None:
        """Notice an event of DevTools."""
        match method:
            case "Page.loadEventFired":
                self._loaded.set()
            case "Network.requestWillBeSent":
                self.requests.append(said["request"]["url"])
            case "Runtime.exceptionThrown":
                self.errors.append(said["exceptionDetails"]["text"])
            case "Runtime.consoleAPICalled" if said["type"] == "error":
                self.errors.append(str(said["args"]))
            case "Log.entryAdded" if said["entry"]["level"] == "error":
                self.errors.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")
            case "Fetch.requestPaused":
                self._answer("Fetch.continueRequest", requestId=said["requestId"])
            case "Fetch.authRequired":
                challenge = said["authChallenge"]
                self.logins.append(f"{challenge['scheme']} {challenge['realm']}")
                answer = {"response": "CancelAuth"}
                self._answer("Fetch.continueWithAuth", requestId=said["requestId"], authChallengeResponse=answer)

    def _answer(self, method: str, **params: object) -> None:
        task = asyncio.create_task(self.call(method, **params))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
