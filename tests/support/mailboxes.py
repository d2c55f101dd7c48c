"""Customers who are written to by mail: the desk's channel at the relay's stand-in, and what they do with mail."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import httpx

from deploy.standins.client import http_client
from deploy.standins.journal import Entry
from deploy.standins.smtp import SmtpStandin
from tests.support.stack import ProcessStack

UNKNOWN_USER = "5.1.1"


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """The mailboxes of customers, all at one relay."""

    stack: ProcessStack

    async def open_channel(self, desk: str) -> None:
        """Let a desk write by the relay, and hear of bounces and answers; no answer of the relay is lost."""
        account = SmtpStandin.demo()
        config = {"provider": SmtpStandin.code, **SmtpStandin.config(account), "port": self.stack.mail_port}
        body = {"desk": desk, "code": "mail", "config": config}
        made = await self.stack.client.post("/notifications/v1/channels", json=body, headers=self.stack.token())
        assert made.status_code == httpx.codes.CREATED, made.text
        url = f"http://127.0.0.1:{self.stack.ports['notifications-api']}{made.json()['hook_path']}"
        await self._tell("_callbacks", {"key": account.key, "url": url})
        await self._tell("_control", {"chances": {"lose_answer": 0}})

    async def close(self, address: str) -> None:
        """Let every mail to an address come back."""
        failure = {"mode": "status", "value": UNKNOWN_USER, "chat_id": address, "times": None}
        await self._tell("_control", {"failures": [failure]})

    async def write(self, address: str, text: str) -> None:
        """Let a customer answer by mail."""
        await self._tell("_inbound", {"key": SmtpStandin.demo_key, "chat_id": address, "text": text})

    async def unsubscribe(self, address: str) -> None:
        """Press the link of the last advertisement, as a mail program does for its reader."""
        *_, link = filter(None, (link_of(mail) for mail in self.mails(address)))
        async with http_client() as program:
            pressed = await program.post(link, data={"List-Unsubscribe": "One-Click"})
        assert pressed.status_code == httpx.codes.OK, pressed.text

    def mails(self, address: str | None = None) -> Sequence[Entry]:
        """Return what the relay took for an address, or for all."""
        with closing(self.stack.relay_journal()) as journal:
            return [mail for mail in journal.entries.values() if address in (None, mail.chat_id)]

    async def give_to(self, desk: str, source: str) -> bool:
        """Let who writes and has no live lead get one by a source; False: intake does not know the channel yet."""
        client, admin = self.stack.client, self.stack.token()
        listed = (await client.get("/intake/v1/sources", params={"desk": desk}, headers=admin)).json()["items"]
        (one,) = [each for each in listed if each["code"] == source]
        seen = {"If-Match": f'"{one["version"]}"'}
        path = f"/intake/v1/sources/{one['id']}"
        return (await client.patch(path, json={"channel": "mail"}, headers={**admin, **seen})).is_success

    async def _tell(self, path: str, body: Mapping[str, object]) -> None:
        await self.stack.tell(SmtpStandin.code, path, body)


def link_of(mail: Entry) -> str:
    """Return the link by which an advertisement is ended; empty: it is none."""
    return mail.text.partition("List-Unsubscribe: <")[2].partition(">")[0]
