"""The incoming webhook of a team's chat, as Slack, Mattermost and those that are compatible with them have it.

A JSON `text` is posted to an address that is itself the secret, and the answer is the word `ok`. There is no id of
the message, no report, no call that asks, and no key that a repeat is recognised by: an accepted message is the
last that is heard of it. It goes by our own key, so that an answer that comes after its lease still counts. A lost
answer stays lost, and nothing is worth waiting for.

Nothing of a refusal is kept but a code that stands here: Mattermost's words repeat the key of the address. A key
that was revoked or mistyped is 403, 404 or 410 at Slack, and a 400 at Mattermost, known by its `id`.

`&`, `<` and `>` are written as entities, as Slack asks. `@all`, `@channel` and `@here` alert no member: names of
customers stand in the text, and any visitor can type them into a form.

Source: docs.slack.dev, incoming webhooks and rate limits, and Slack's changelog of 2016-05 (errors) and 2018-04
(long texts) (high); developers.mattermost.com, incoming webhooks, and the server's code (high); that Mattermost
shows entities as characters (medium); compatible chats by what they promise (low). A text of 4,000 characters stays
one post in both: Slack advises that many and cuts at 40,000, Mattermost takes 16,383, and 4,000 before 5.0. Slack
takes one message a second from a webhook.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, SecretStr

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear
from libs.common.connect.exchange import HttpRequest, Reply
from services.notifications.providers.base import Adapter, ProviderConfig
from services.notifications.providers.config import Key
from services.notifications.providers.reading import wait_of, words
from services.notifications.providers.values import (
    TEAM,
    ChannelKind,
    Error,
    Identities,
    Limits,
    Outbound,
    Raw,
    Reading,
)

_DISABLED = 501  # Mattermost, while its webhooks are switched off
_ALARM = re.compile(r"@(?=(?:all|channel|here)\b)", re.IGNORECASE)
_NO_ALARM = "@\u200b"
_MATTERMOST = "web.incoming_webhook"

_CODES: Mapping[str, Error] = {
    **dict.fromkeys(
        ("action_prohibited", "channel_is_archived", "channel_not_found", "invalid_token", "no_active_hooks",
         "no_service", "no_team", "posting_to_general_channel_denied", "team_disabled", "user_not_found"),
        Error(Class.CONFIGURATION),
    ),
    **dict.fromkeys(
        (f"{_MATTERMOST}.{word}.app_error"
         for word in ("channel", "channel_locked", "disabled", "invalid", "permissions", "user")),
        Error(Class.CONFIGURATION),
    ),
    **dict.fromkeys(
        (f"http_{status}" for status in (401, 403, 404, 405, 410, _DISABLED)), Error(Class.CONFIGURATION)
    ),
    **dict.fromkeys(("invalid_payload", "no_text", "http_413"), Error(Class.MESSAGE)),
    **dict.fromkeys((f"{_MATTERMOST}.{word}.app_error" for word in ("parse", "text")), Error(Class.MESSAGE)),
    "http_429": Error(Class.RETRY_SLOWLY),
}  # fmt: skip


def _webhook(url: SecretStr) -> SecretStr:
    """Refuse what is no address with a key in its path. The error repeats nothing of it."""
    if not _is_webhook(url.get_secret_value()):
        raise ValueError("the https address of a webhook")
    return url


def _is_webhook(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname}:{parts.port or 443}"
    except ValueError:
        return False
    plain = parts.netloc.lower() in (host, parts.hostname) and not parts.fragment
    return parts.scheme == "https" and plain and bool(parts.path.strip("/"))


class TeamWebhookConfig(ProviderConfig):
    """A webhook. `url`: the whole of its address, which is the secret."""

    provider: Literal["team_webhook"] = "team_webhook"
    url: Annotated[Key, AfterValidator(_webhook)]


@dataclass(frozen=True, slots=True)
class TeamWebhook(Adapter):
    """A channel of a team's chat. It is called by its own address; `home` is where Slack has them."""

    config: TeamWebhookConfig

    code: ClassVar[str] = "team_webhook"
    home: ClassVar[str] = "https://hooks.slack.com/"
    source: ClassVar[str] = (
        "references of Slack and Mattermost (high), entities in Mattermost (medium), others (low)"
    )
    channels: ClassVar[frozenset[ChannelKind]] = frozenset({ChannelKind.TEAM})
    limits: ClassVar[Limits] = Limits(
        rate_5s=5, remembers=None, unknown_after=timedelta(minutes=1), text=4000, reports=False
    )
    codes: ClassVar[Mapping[str, Error]] = _CODES
    Config: ClassVar[type[ProviderConfig]] = TeamWebhookConfig

    @property
    def account(self) -> str:
        return self.config.url.get_secret_value()

    @property
    def sender(self) -> str:
        """Our end has no name but its address, which is secret."""
        return ""

    @classmethod
    def address(cls, customer: Identities) -> str | None:
        """Return the team's: it needs none of the customer."""
        del customer
        return TEAM

    def request(self, message: Outbound) -> HttpRequest | Refused:
        text = _ALARM.sub(_NO_ALARM, escape(message.text, quote=False))
        return HttpRequest.json("POST", self._target, {"text": text}, {})

    def answer(self, reply: Reply, message: Outbound) -> Answer:
        """Read an answer: `ok`, or a word or an id of an error, and else the HTTP status."""
        status = reply.status
        if status == 200 and reply.body.strip() == b"ok":
            return Accepted(message.key)
        if not 400 <= status < 500 and status != _DISABLED:
            return Unclear(f"http_{status}")
        word, known_status = _word(reply), f"http_{status}"
        code = word if word in _CODES else known_status
        known = self.error(code)
        return Refused(known.error if known else None, code, wait=wait_of(reply))

    def read(self, raw: Raw) -> Reading:
        """Return no report: all that comes is kept as unreadable."""
        return Reading((), ("body",) if raw.body or raw.method != "GET" else ())

    @property
    def _target(self) -> str:
        """The webhook's address; where a stand-in plays the chat, its path there."""
        url = self.config.url.get_secret_value()
        if self.api == self.home:
            return url
        parts = urlsplit(url)
        return f"{self.api.rstrip('/')}{urlunsplit(('', '', parts.path, parts.query, ''))}"


def _word(reply: Reply) -> str:
    """Return the error that a body names: its whole text, or the `id` of its JSON."""
    return words(reply.json().get("id")) or reply.body[:200].decode("latin-1").strip()
