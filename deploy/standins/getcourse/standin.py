"""GetCourse over HTTP: `/<account>/pl/api/…` as its own, `/<account>/_…` for who plays its customers and people.

It answers an error with HTTP 200, loses answers and webhooks, and repeats no webhook that was not taken. Failures
on demand are ordered for `import`, `export` or `*`; of mode `code`: `empty`, `cut`, `html`, or a code of the API.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import httpx
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.callbacks import Post
from deploy.standins.client import http_client
from deploy.standins.control import as_json, control_routes, object_of
from deploy.standins.faults import GATEWAY, Dice, Mode, Profile
from deploy.standins.getcourse import exporting, importing, webhooks
from deploy.standins.getcourse.importing import Change, RefusedError
from deploy.standins.getcourse.school import STATUSES, Deal, School, kept, restore
from deploy.standins.journal import Entry, Journal
from deploy.standins.server import cut
from libs.common.platform.clock import Clock, SystemClock

DEMO_ACCOUNT, DEMO_KEY = "acme", "demo-getcourse-key"
HTML = Response("<html><body>Bad Gateway</body></html>", 502, media_type="text/html")
_NOT_FOUND = "<html><body>404</body></html>"
_SETTINGS = ("address", "read_only", "has_import", "creates", "export_seconds", "wrapped")


class GetCourseStandin:
    """The schools of a stand-in, each under its account's name."""

    code: ClassVar[str] = "getcourse"

    def __init__(
        self, schools: Sequence[School], profile: Profile = GATEWAY, seed: int = 0, journal: Journal | None = None,
        clock: Clock | None = None, ledger: Path | None = None,
    ) -> None:  # fmt: skip
        self.dice = Dice(profile, seed)
        self.journal = journal or Journal()
        self.clock = clock or SystemClock()
        self.schools = {school.account: school for school in schools}
        self._ledger = ledger
        if ledger is not None and ledger.exists():
            content = ledger.read_bytes()
            for line in content[: content.rfind(b"\n") + 1].splitlines():
                record = orjson.loads(line)
                if record["account"] in self.schools:
                    restore(self.schools[record["account"]], record)
        self.waiting = 0
        self.imports: deque[Mapping[str, object]] = deque(maxlen=1000)  # of orders, those that were taken
        self.lost = 0  # webhooks
        self._posts: set[asyncio.Task[None]] = set()
        self._http = http_client()

    @classmethod
    def demo(cls) -> School:
        """Return the account that there is by default."""
        return School(DEMO_ACCOUNT, DEMO_KEY)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Send webhooks while the block runs."""
        async with self._http:
            try:
                yield
            finally:
                for post in self._posts:
                    post.cancel()
                self.journal.close()

    def routes(self) -> Sequence[Route]:
        """Return the school's own routes, and `/_…` for tests and checkers."""
        return [
            *control_routes(self),
            Route("/{account}/pl/api/account/exports/{export:int}", self._exported, methods=["GET"]),
            Route("/{account}/pl/api/account/{what}", self._export, methods=["GET"]),
            Route("/{account}/pl/api/v1/set-uri", self._set_uri, methods=["POST"]),
            Route("/{account}/pl/api/{what}", self._import, methods=["POST"]),
            Route("/{account}/_school", self._school, methods=["GET", "POST"]),
            Route("/{account}/_orders", self._orders, methods=["GET", "POST"]),
            Route("/{account}/_orders/{deal:int}", self._order, methods=["POST"]),
        ]

    def announce(self, school: School, deal: Deal, base: str, *, fresh: bool) -> None:
        """Send the webhooks of a change: lost, repeated and late by chance; one not taken never comes again."""
        posts = [webhooks.called(school, deal, base)] if school.address else []
        posts += webhooks.newer(school, deal, self.clock.now(), fresh, self.dice)
        for post in posts:
            times = 2 if self.dice.hits(self.dice.profile.repeat_callback) else 1
            if self.dice.hits(self.dice.profile.lose_callback):
                self.lost, times = self.lost + 1, 0
            for _ in range(times):
                self.waiting += 1
                task = asyncio.create_task(self._send(post, self.dice.delay(self.dice.profile.callback_delay)))
                self._posts.add(task)
                task.add_done_callback(self._posts.discard)

    def _keep(self, school: School, deal: Deal) -> None:
        """Write an order into the ledger, which survives a kill of the process."""
        if self._ledger is not None:
            with self._ledger.open("ab") as file:
                file.write(orjson.dumps(kept(school, deal)) + b"\n")

    async def _send(self, post: Post, delay: float) -> None:
        try:
            await asyncio.sleep(delay)
            with contextlib.suppress(httpx.HTTPError):
                await self._http.request(
                    post.method, post.url, content=post.body, headers=post.headers, timeout=30.0
                )
        finally:
            self.waiting -= 1

    async def _export(self, request: Request) -> Response:
        school, query = self._of(request), dict(request.query_params)
        if school is None:
            return Response(_NOT_FOUND, 404, media_type="text/html")
        what, now = request.path_params["what"], self.clock.now()
        if what not in ("deals", "users"):
            return Response(_NOT_FOUND, 404, media_type="text/html")
        answer = exporting.checked(school, query, now) or exporting.begin(school, what, query, now)
        return await self._answered(request, "export", answer)

    async def _exported(self, request: Request) -> Response:
        school = self._of(request)
        if school is None:
            return Response(_NOT_FOUND, 404, media_type="text/html")
        now = self.clock.now()
        refusal = exporting.checked(school, dict(request.query_params), now)
        answer = refusal or exporting.result(school, request.path_params["export"], now)
        return await self._answered(request, "export", answer)

    async def _import(self, request: Request) -> Response:
        school, what = self._of(request), request.path_params["what"]
        if school is None or what not in ("deals", "users"):
            return Response(_NOT_FOUND, 404, media_type="text/html")
        if not school.has_import:
            return Response()
        failure = self.dice.failure("import")
        if failure is not None and failure.mode in (Mode.CODE, Mode.HTTP):
            return _failed(failure.mode, failure.value)
        form = {name: str(value) for name, value in (await request.form()).items()}
        try:
            answer = self._imported(school, what, form, _base(request))
        except RefusedError as error:
            return as_json(importing.refused(error))
        if failure is not None and failure.mode is Mode.LOSE:
            return await cut(request)
        if failure is not None and failure.mode is Mode.HTTP_ACCEPTED:
            return HTML
        return await self._answered(request, "", answer)

    def _imported(self, school: School, what: str, form: Mapping[str, str], base: str) -> dict[str, object]:
        document = importing.document_of(school, form)
        yes = self.dice.pick(True, "true", 1)  # flags are of any type
        if what == "users":
            user = importing.add_user(school, document)
            result: dict[str, object] = {"success": yes, "user_id": user.id, "user_status": "updated"}
            return {"success": yes, "action": "add", "result": {**result, "error": False, "error_message": ""}}
        deal, change = importing.add_deal(school, document, self.clock.now())
        self.imports.append(document)
        if change is Change.NEW:
            self.journal.accepted(
                Entry(str(deal.id), school.key, school.account, deal.user.email, deal.title, deal.number,
                      datetime.now(UTC))
            )  # fmt: skip
        if change is not Change.NONE:
            self.announce(school, deal, base, fresh=change is Change.NEW)
        self._keep(school, deal)
        result = {"success": yes, "user_id": deal.user.id, "deal_id": deal.id, "error": False, "error_message": ""}
        system = document.get("system")
        wanted = system if isinstance(system, dict) else {}
        if wanted.get("return_deal_number"):
            result["deal_number"] = deal.own_number if school.numbers_anew else deal.number
        if wanted.get("return_payment_link"):
            result["payment_link"] = webhooks.link_of(base, school, deal)
        return {"success": yes, "action": "add", "result": result}

    async def _answered(self, request: Request, what: str, answer: Mapping[str, object]) -> Response:
        """Answer with the faults of the profile, or the one that was ordered for `what`."""
        profile, failure = self.dice.profile, self.dice.failure(what) if what else None
        await asyncio.sleep(profile.answer_least + self.dice.delay(profile.answer_delay))
        if failure is not None and failure.mode is Mode.LOSE:
            return await cut(request)
        if failure is not None and failure.mode is Mode.HANG:
            await asyncio.sleep(float(failure.value))
        elif failure is not None:
            return _failed(failure.mode, failure.value)
        if self.dice.hits(profile.lose_answer):
            return await cut(request)
        if self.dice.hits(profile.fail_accepted):
            return HTML
        return as_json(answer)

    async def _set_uri(self, request: Request) -> Response:
        """Order a newer webhook: `{"uri", "event_object_id": 2, "event_id"}`."""
        school, body = self._of(request), await object_of(request) or {}
        if school is None or request.headers.get("authorization") != f"Bearer {school.bearer}":
            return as_json({"success": False, "error": "unauthorized"}, 401)
        event = body.get("event_id")
        if body.get("event_object_id") != 2 or event not in (1, 2, 3):
            return as_json({"success": False, "error": "event_id"}, 422)
        if (failure := self.dice.failure("set-uri")) is not None:
            return _failed(failure.mode, failure.value)
        school.uris[int(str(event))] = str(body.get("uri"))
        return as_json({"success": self.dice.pick(True, "OK")})

    async def _school(self, request: Request) -> Response:
        """Change the school as its administrator would, and say how it is doing."""
        school = self._of(request)
        if school is None:
            return as_json({"error": "no such school"}, 404)
        for name, value in (await object_of(request) or {} if request.method == "POST" else {}).items():
            if name not in _SETTINGS:
                return as_json({"error": f"settings are {', '.join(_SETTINGS)}"}, 422)
            setattr(school, name, value)
        return as_json(
            {"asked": school.asked, "lost": self.lost, **{name: getattr(school, name) for name in _SETTINGS}}
        )

    async def _orders(self, request: Request) -> Response:
        """Let a customer order: `{"email", "phone", "first_name", "last_name", "title", "cost"}`; GET lists all.

        `webhook` false: without a webhook.
        """
        school = self._of(request)
        if school is None:
            return as_json({"error": "no such school"}, 404)
        if request.method == "GET":
            return as_json({"items": [_shown(deal) for deal in school.deals.values()]})
        body = await object_of(request) or {}
        texts = {name: str(body.get(name) or "") for name in ("email", "phone", "first_name", "last_name")}
        user = school.user(**texts)
        title, cost = str(body.get("title") or "Курс «Старт»"), Decimal(str(body.get("cost", "12000")))
        deal = school.add(user, title, cost, str(body.get("currency") or "RUB"), self.clock.now())
        self._keep(school, deal)
        if body.get("webhook", True):
            self.announce(school, deal, _base(request), fresh=True)
        return as_json(_shown(deal), 201)

    async def _order(self, request: Request) -> Response:
        """Change an order: `{"status"}`, and `payed` for a part of the sum; `webhook` false: without a webhook."""
        school, body = self._of(request), await object_of(request) or {}
        deal = None if school is None else school.deals.get(request.path_params["deal"])
        status = str(body.get("status"))
        if school is None or deal is None or status not in STATUSES:
            return as_json({"error": "no such order or status"}, 404)
        payed = Decimal(str(body["payed"])) if "payed" in body else None
        school.set_status(deal, status, self.clock.now(), payed)
        self._keep(school, deal)
        if body.get("webhook", True):
            self.announce(school, deal, _base(request), fresh=False)
        return as_json(_shown(deal))

    def _of(self, request: Request) -> School | None:
        return self.schools.get(request.path_params["account"])


def _base(request: Request) -> str:
    return f"{request.base_url}"


def _failed(mode: Mode, value: str) -> Response:
    """Return an answer that went wrong."""
    match mode, value:
        case Mode.CODE, "empty":
            return Response()
        case Mode.CODE, "cut":
            return Response('{"success":true,"result":{"succ', media_type="application/json")
        case Mode.CODE, "html":
            return HTML
        case Mode.CODE, code if code.isdecimal():
            return as_json(exporting.error(int(code)))
        case Mode.CODE, message:
            return as_json(importing.refused(RefusedError(message)))
        case _:
            return HTML if value == "502" else Response(status_code=int(value or 500))


def _shown(deal: Deal) -> dict[str, object]:
    return {
        "id": deal.id, "number": deal.number, "email": deal.user.email, "status": deal.status,
        "cost": str(deal.cost), "payed": str(deal.payed), "title": deal.title,
    }  # fmt: skip
