"""Accounts at the stand-ins of providers: what was taken there, who writes to them, and what they refuse."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from deploy.standins.journal import Entry
from deploy.standins.provider import ProviderStandin
from tests.support.stack import ProcessStack


@dataclass(frozen=True, slots=True)
class Account:
    """One account at a provider's stand-in. Of a bot, `chat_id` is a person or a group; else it is a number."""

    stack: ProcessStack
    standin: type[ProviderStandin]
    key: str

    async def answer_all(self) -> None:
        """Let the provider answer each request as it is: none is lost, none refused by chance."""
        await self._tell("_control", {"chances": {"lose_answer": 0, "fail_accepted": 0}})

    async def write(self, chat_id: str, text: str) -> None:
        """Let a customer write."""
        await self._tell("_inbound", {"key": self.key, "chat_id": chat_id, "text": text})

    async def refuse(self, code: str, chat_ids: Sequence[str]) -> None:
        """Refuse whatever goes to some customers, until `take_again`."""
        failures = [{"mode": "code", "value": code, "chat_id": one, "times": None} for one in chat_ids]
        await self._tell("_control", {"failures": failures})

    async def take_again(self) -> None:
        """Refuse no more."""
        await self._tell("_control", {"failures": []})

    def taken(self, chat_id: str | None = None) -> Sequence[Entry]:
        """Return what the provider took of this account, for one customer or for all."""
        with closing(self.stack.journal_of(self.standin.code)) as journal:
            mine = [entry for entry in journal.entries.values() if entry.key == self.key]
        return [entry for entry in mine if chat_id in (None, entry.chat_id)]

    async def _tell(self, path: str, body: Mapping[str, object]) -> None:
        await self.stack.tell(self.standin.code, path, body)
