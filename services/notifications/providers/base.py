"""What a provider's adapter says: the protocol. Nothing of any provider, and no I/O.

An adapter is one channel at a provider: its code and its configuration. It is pure: it makes requests and reads
answers and callbacks, and `delivery` and `webhooks` do everything else, the same for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, SecretStr

from libs.common.connect.command.rules import Answer, Refused
from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.connect.mail import Mail
from services.notifications.providers.values import (
    TEAM,
    ChannelKind,
    Error,
    Identities,
    JsonObject,
    Limits,
    Outbound,
    Proof,
    Raw,
    Reading,
    Report,
    Said,
    Written,
)


class ProviderConfig(BaseModel):
    """The configuration of one channel. A model adds `provider`, a literal, and its own fields.

    Fields of type SecretStr are stored sealed and never shown.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str

    def serves(self, kind: ChannelKind) -> bool:
        """Return whether it makes a channel of a kind that its provider has."""
        del kind
        return True

    @classmethod
    def secret_fields(cls) -> frozenset[str]:
        """Return the names of the fields that are secrets."""
        return frozenset(name for name, field in cls.model_fields.items() if _is_secret(field.annotation))


def _is_secret(annotation: object) -> bool:
    return annotation is SecretStr or SecretStr in getattr(annotation, "__args__", ())


@dataclass(frozen=True, slots=True)
class Adapter(ABC):
    """One channel at one provider. `api` is the root of the provider's API, or of its stand-in.

    `home`: the root of the provider's own; `source`: where its behaviour is described, each part with how sure that
    is, as high, medium or low. `codes`: what the provider's codes mean. `proof`: of its callbacks. `one_webhook`:
    all channels of an account have the same one, so that what comes by it may be another channel's.
    """

    config: ProviderConfig
    api: str

    code: ClassVar[str]
    home: ClassVar[str]
    source: ClassVar[str]
    channels: ClassVar[frozenset[ChannelKind]]
    limits: ClassVar[Limits]
    codes: ClassVar[Mapping[str, Error]]
    proof: ClassVar[Proof] = Proof.ADDRESS
    one_webhook: ClassVar[bool] = False
    Config: ClassVar[type[ProviderConfig]]

    @property
    @abstractmethod
    def account(self) -> str:
        """What the provider limits by; it may be a secret."""

    @property
    @abstractmethod
    def sender(self) -> str:
        """Our end of the channel as the provider names it."""

    @classmethod
    def error(cls, code: str) -> Error | None:
        """Return what a code means; None for an undocumented one."""
        return cls.codes.get(code)

    @classmethod
    def moved_to(cls, code: str) -> str | None:
        """Return the team's group that a code names instead of ours; None: it names none."""
        del code
        return None

    @classmethod
    @abstractmethod
    def address(cls, customer: Identities) -> str | None:
        """Return the customer's address at this provider, or None."""

    @classmethod
    def address_in(cls, kind: str, customer: Identities) -> str | None:
        """Return the address that a channel of a kind uses, or None; a team's needs nothing of the customer."""
        return TEAM if kind == ChannelKind.TEAM else cls.address(customer)

    @classmethod
    def kinds(cls, config: ProviderConfig) -> frozenset[ChannelKind]:
        """Return the kinds of which a channel of this configuration may be."""
        return frozenset(kind for kind in cls.channels if config.serves(kind))

    @abstractmethod
    def request(self, message: Outbound) -> HttpRequest | Mail | Refused:
        """Return the call that sends a message, or why it cannot be sent this way."""

    @abstractmethod
    def answer(self, reply: Reply, message: Outbound) -> Answer:
        """Read the reply to that call, of any shape. Raises nothing."""

    @classmethod
    def written(cls, element: JsonObject) -> Written | None:
        """Read the message of a stored echo again; None: the provider has none, or it cannot be read."""
        del element
        return None

    @abstractmethod
    def read(self, raw: Raw) -> Reading:
        """Read a callback of any bytes. Raises nothing."""

    @classmethod
    def reference(cls, key: str, address: str) -> str | None:
        """Return what reports of an attempt carry of ours besides the provider's id; made of the attempt's key."""
        del key, address
        return None

    def verify(self, raw: Raw) -> bool:
        """Return whether the provider has sent it; without a signature, our unguessable address is the proof."""
        del raw
        return True

    def said(self, raw: Raw) -> Said:
        """Return what the provider wants to hear once its callback is stored."""
        del raw
        return Said()

    def subscribe(self, url: str) -> HttpRequest | None:
        """Return the call that orders callbacks to our address; None: a person does it in the cabinet."""
        del url
        return None

    def subscribed(self, reply: Reply) -> str | None:
        """Return the code of a refused subscription, or None when it stands."""
        return None if reply.status == 200 else f"http_{reply.status}"

    @classmethod
    def looks_up(cls) -> bool:
        """Return whether a message whose answer was lost can be looked up."""
        return cls.look_up is not Adapter.look_up

    @classmethod
    def is_asked(cls) -> bool:
        """Return whether there is a call that asks for messages."""
        return cls.limits.asked_together > 0 or cls.looks_up()

    def look_up(self, message: Outbound) -> HttpRequest | None:
        """Return the call that finds a message whose answer was lost; None: the provider has no such call."""
        del message
        return None

    def found(self, reply: Reply, message: Outbound) -> str | None:
        """Return the provider's id of that message, or None while it is not known there."""
        del reply, message
        return None

    def ask(self, external_ids: Sequence[str]) -> HttpRequest | None:
        """Return the call that asks how up to `limits.asked_together` messages are doing; None: there is none."""
        del external_ids
        return None

    def ask_file(self, media: Mapping[str, str]) -> HttpRequest | None:
        """Return the call that asks where a file of a message is; None: its address is known, or there is none."""
        del media
        return None

    def file(self, media: Mapping[str, str], answered: Reply | None) -> HttpRequest | None:
        """Return the call that brings a file of a message; `answered`: by `ask_file`. None: it says of no file."""
        del answered
        url = media.get("url", "")
        return HttpRequest("GET", url) if url.startswith(("https://", "http://")) else None

    def statuses(self, reply: Reply, external_ids: Sequence[str]) -> Sequence[Report] | None:
        """Read the reply to that call; None when it cannot be used."""
        del reply, external_ids
        return None
