"""A stand-in for Mango Office: commands signed as events are, answers by number, events of its calls.

Nothing checks whether a command came before: a second one rings a second time.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import count
from typing import ClassVar
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.callbacks import Callback, Payload, Post
from deploy.standins.control import as_json
from deploy.standins.faults import Failure, Mode
from deploy.standins.journal import Entry, Status
from deploy.standins.provider import GatewayAccount, ProviderStandin, Wish

DEMO_KEY, DEMO_SALT = "demo-mango-key", "demo-mango-salt-16"
LINE = "74955550101"
NO_ANSWER = "9999"  # customers whose number ends so do not answer
DONE = 1000
_TALK = 30  # seconds that a conversation lasts by its summary
#: A file of sound: 800 samples of silence, 8000 a second.
SILENCE = b"".join((
    b"RIFF", (836).to_bytes(4, "little"), b"WAVEfmt ", (16).to_bytes(4, "little"), b"\x01\x00\x01\x00",
    (8000).to_bytes(4, "little"), (8000).to_bytes(4, "little"), b"\x01\x00\x08\x00", b"data",
    (800).to_bytes(4, "little"), b"\x80" * 800,
))  # fmt: skip


class MangoStandin(ProviderStandin):
    """The account is the product's key, its secret the salt. `names` of callers, by command."""

    code: ClassVar[str] = "mango"
    address_code: ClassVar[str] = "3200"
    rate_code: ClassVar[str] = "429"
    token_code: ClassVar[str] = "401"  # noqa: S105 - a status
    demo_key: ClassVar[str] = DEMO_KEY
    demo_secret: ClassVar[str] = DEMO_SALT

    @classmethod
    def config(cls, account: GatewayAccount) -> Mapping[str, object]:
        return {"format": cls.code, "api_key": account.key, "line": LINE}

    @cached_property
    def names(self) -> dict[str, str | None]:
        return {}

    def own_routes(self) -> Sequence[Route]:
        return [
            Route("/vpbx/commands/callback", self._callback, methods=["POST"]),
            Route("/vpbx/commands/transfer", self._transfer, methods=["POST"]),
            Route("/vpbx/queries/recording/post", self._recording, methods=["POST"]),
            Route("/vpbx/recordings/{recording}", self._sound, methods=["GET"]),
        ]

    def accepted(self, entry: Entry) -> Response:
        return as_json({"result": DONE})

    def refused(self, code: str) -> Response:
        if code in (self.rate_code, self.token_code):
            return Response(status_code=int(code))
        return as_json({"result": int(code)})

    def new_id(self, number: int, wish: Wish) -> str:
        del wish
        return f"ZW50cnk{number:08d}=="

    def post(self, batch: Sequence[Callback]) -> Post | None:
        """Return one event as a signed form, to the path of its kind."""
        [one] = batch
        event = dict(one.payload)
        name, key = str(event.pop("_path")), str(event.pop("_key"))
        account = self.accounts[key]
        if not account.callbacks:
            return None
        for own in ("id", "status", "_last"):
            event.pop(own, None)
        text = orjson.dumps(event).decode()
        form = {"vpbx_api_key": key, "sign": sign(account, text), "json": text}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return Post(f"{account.callbacks}/{name}", urlencode(form).encode(), headers)

    def _announce(self, entry: Entry, failure: Failure | None) -> None:
        """Send the events of a call: first our own telephone rings, then the customer's."""
        if failure is not None and failure.mode is Mode.STATUS:
            self._event(
                entry, "result/callback", 0.0, {"command_id": entry.crm_message_id, "result": int(failure.value)}
            )
            return
        started, answered = int(self.clock.now().timestamp()), not entry.chat_id.endswith(NO_ANSWER)
        extension, leg, sequence = entry.text, f"bGVn{entry.message_id}", count(1)
        ours = {"extension": extension, "number": f"sip:{extension}@stand-in.example"}
        theirs = {"number": entry.chat_id, "line_number": LINE}
        states = ["Appeared", "Connected", "Disconnected"] if answered else ["Appeared", "Disconnected"]
        events: list[Payload] = [
            self._call(
                entry,
                f"{leg}0",
                "Appeared",
                next(sequence),
                started,
                {"number": LINE},
                {**ours, "line_number": LINE},
            )
        ]
        events += [self._call(entry, leg, state, next(sequence), started, ours, theirs) for state in states]
        after, shuffled = 0.0, self.dice.hits(self.dice.profile.shuffle_callbacks)
        for event in events:
            after += self.dice.delay(self.dice.profile.callback_delay)
            delay = self.dice.delay(2 * self.dice.profile.callback_delay) if shuffled else after
            self._event(entry, "events/call", delay, event)
        summary: Payload = {
            "entry_id": entry.message_id, "call_direction": 2, "from": ours, "to": {"number": entry.chat_id},
            "line_number": LINE, "create_time": started, "forward_time": started,
            "talk_time": started if answered else 0, "end_time": started + (_TALK if answered else 0),
            "entry_result": int(answered), "disconnect_reason": 1110,
        }  # fmt: skip
        ended = after + self.dice.delay(self.dice.profile.callback_delay)
        self._event(entry, "events/summary", ended, summary)
        if answered:
            recorded: Payload = {
                "entry_id": entry.message_id, "call_id": leg, "extension": extension, "timestamp": started + _TALK,
                "recording_id": f"cmVj{entry.message_id}", "recording_state": "Completed", "seq": next(sequence),
                "completion_code": 1000, "recipient": "Cloud",
            }  # fmt: skip
            self._event(
                entry, "events/recording", ended + self.dice.delay(self.dice.profile.callback_delay), recorded
            )

    def _call(
        self,
        entry: Entry,
        leg: str,
        state: str,
        sequence: int,
        at: int,
        caller: Mapping[str, str],
        called: Mapping[str, str],
    ) -> Payload:
        return {
            "entry_id": entry.message_id, "call_id": leg, "timestamp": at + sequence, "seq": sequence,
            "call_state": state, "location": "abonent", "from": caller, "to": called,
            "command_id": entry.crm_message_id, "callback_initiator": "API",
        }  # fmt: skip

    def _event(self, entry: Entry, path: str, delay: float, event: Payload) -> None:
        status = Status.DELIVERED if path == "events/summary" else Status.SENT
        own: Payload = {"id": entry.message_id, "status": status.value, "_path": path, "_key": entry.key}
        self.later(Callback("status", {**event, **own}), delay)

    async def _callback(self, request: Request) -> Response:
        command = await self._command(request)
        if isinstance(command, Response):
            return command
        account, body = command
        caller = body.get("from")
        extension = str(caller.get("extension", "")) if isinstance(caller, dict) else ""
        if not extension or not body.get("to_number"):
            return self.refused("3103")
        self.names[str(body.get("command_id", ""))] = _name_of(body.get("sip_headers"))
        return await self.answer(
            request, Wish(account, str(body["to_number"]), extension, str(body.get("command_id", "")))
        )

    async def _transfer(self, request: Request) -> Response:
        """Pass a call on: its leg goes on at another telephone."""
        command = await self._command(request)
        if isinstance(command, Response):
            return command
        account, body = command
        leg = str(body.get("call_id", ""))
        entry = next((each for each in self.journal.entries.values() if leg == f"bGVn{each.message_id}"), None)
        if entry is None:
            return self.refused("3300")
        wish = Wish(account, str(body.get("to_number", "")), f"transfer {leg}", str(body.get("command_id", "")))
        self._accept(wish, request.headers.get("traceparent"))
        if self.dice.hits(self.dice.profile.fail_accepted):
            return Response(status_code=503)
        await asyncio.sleep(self.dice.delay(self.dice.profile.answer_delay))
        return as_json({"result": DONE})

    async def _recording(self, request: Request) -> Response:
        """Redirect to a link of a recording, which needs no signature."""
        command = await self._command(request)
        if isinstance(command, Response):
            return command
        _, body = command
        path = request.url.path.replace("queries/recording/post", f"recordings/{body.get('recording_id', '')}")
        return Response(status_code=302, headers={"location": str(request.url.replace(path=path))})

    async def _sound(self, request: Request) -> Response:
        """Play a tenth of a second of silence."""
        del request
        return Response(SILENCE, media_type="audio/wav")

    async def _command(self, request: Request) -> tuple[GatewayAccount, dict[str, object]] | Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        account = self.accounts.get(form.get("vpbx_api_key", ""))
        if account is None or form.get("sign") != sign(account, form.get("json", "")):
            return self.refused(self.token_code)
        body = orjson.loads(form["json"])
        return (account, body) if isinstance(body, dict) else self.refused("3104")


def _name_of(headers: object) -> str | None:
    """Return the name that telephones show of the caller; a header that breaks the grammar is left out."""
    name = headers.get("From/display-name") if isinstance(headers, dict) else None
    return name if isinstance(name, str) and name and not set(name) & set(";/?:@&=+$,") else None


def sign(account: GatewayAccount, text: str) -> str:
    """Return the signature over key, text and salt."""
    return hashlib.sha256(f"{account.key}{text}{account.secret}".encode()).hexdigest()
