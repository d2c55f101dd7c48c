"""What stand-ins of messengers' bots have in common: nothing follows an accepted message, and people block bots."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import orjson

from deploy.standins.callbacks import Callback, Payload, Post
from deploy.standins.faults import Failure, Mode
from deploy.standins.provider import GatewayAccount, ProviderStandin, Wish

DEMO_WEBHOOK_SECRET = "demo-webhook-secret"  # noqa: S105 - guards nothing
NAME = "Анна"


class BotStandin(ProviderStandin):
    """A messenger with one bot per account. What a person does comes as one update each, with the bot's secret.

    The account is the bot, its secret the token; `chat_id` is a person's id, or that of a group.
    """

    reports: ClassVar[bool] = False
    secret_header: ClassVar[str]
    blocked_code: ClassVar[str]
    webhook_secret: str = DEMO_WEBHOOK_SECRET
    blocked: frozenset[str] = frozenset()

    @abstractmethod
    def said(self, chat_id: str, text: str) -> Payload:
        """Return the update of a person's message."""

    @abstractmethod
    def card(self, account: GatewayAccount, chat_id: str, phone: str) -> Payload:
        """Return the update of a contact card: a person's own, by the button that asks for it."""

    @abstractmethod
    def turned(self, chat_id: str, *, away: bool) -> Payload:
        """Return the update of a person who blocks the bot, or starts it again."""

    def inbound(self, account: GatewayAccount, chat_id: str, text: str) -> Callback | None:
        return update_of(account, self.said(chat_id, text))

    def share_contact(self, account: GatewayAccount, chat_id: str, phone: str) -> None:
        """Let a person send their own contact card."""
        self.later(update_of(account, self.card(account, chat_id, phone)))

    def block(self, account: GatewayAccount, chat_id: str, *, away: bool = True) -> None:
        """Let a person block the bot, whose messages are refused from then on, or start it again."""
        self.blocked = self.blocked | {chat_id} if away else self.blocked - {chat_id}
        self.later(update_of(account, self.turned(chat_id, away=away)))

    def failure_of(self, wish: Wish) -> Failure | None:
        if wish.chat_id in self.blocked:
            return Failure(Mode.CODE, self.blocked_code)
        return super().failure_of(wish)

    def post(self, batch: Sequence[Callback]) -> Post | None:
        """Return one update, with the secret that was given when it was ordered."""
        (callback,) = batch
        account = self.accounts[str(callback.payload["account"])]
        if not account.callbacks:
            return None
        headers = {"content-type": "application/json", self.secret_header: self.webhook_secret}
        return Post(account.callbacks, orjson.dumps(callback.payload["update"]), headers)

    def now(self) -> float:
        """Return the messenger's time, in seconds since 1970."""
        return self.clock.now().timestamp()


def update_of(account: GatewayAccount, update: Payload) -> Callback:
    """Return the callback of an update of a bot."""
    return Callback("update", {"account": account.key, "update": update})
