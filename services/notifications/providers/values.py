"""The values in which adapters and the rest of notifications speak: pure, and nothing of any provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from libs.common.connect.command.rules import Class
from libs.common.contracts.shared import IdentityKind, MessageContent, MessageProgress

JsonObject = Mapping[str, object]


#: The address of a channel of the kind `team`: no customer has it, so nothing that is known of a customer bars it.
TEAM = "#team"


class ChannelKind(StrEnum):
    """What playbooks and ladders name: the way to a customer, of any provider."""

    WHATSAPP = "whatsapp"
    SMS = "sms"
    EMAIL = "email"
    PUSH = "push"
    MAX = "max"
    TELEGRAM = "telegram"
    INSTAGRAM = "instagram"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider allows, and what it needs.

    `rate_5s`: calls per account in five seconds. `remembers`: how long it recognises a repeated key; None: a
    repeat is a second message. `unknown_after`: how long an attempt without an answer waits for a report.
    `text`: characters. `window`: free text is allowed for so long after the customer's last message, and only a
    template otherwise; None: always. `reports`: whether anything is heard of a message that was accepted; else it
    stays accepted. `confirms`: whether an arrival is reported, not failures alone. `pair_interval`: from one
    message to the next to the same address of a channel. `paused_for`: how long a message without a deadline is
    tried again for its recipient's sake; None: without end.
    """

    rate_5s: int
    remembers: timedelta | None
    unknown_after: timedelta
    text: int
    window: timedelta | None = None
    asked_together: int = 0  # messages whose progress one call can ask for; 0: the provider reports by itself alone
    reports: bool = True
    confirms: bool = True
    pair_interval: timedelta | None = None
    paused_for: timedelta | None = None


class Proof(StrEnum):
    """What shows that a callback is its provider's own."""

    ADDRESS = "unguessable address"
    HEADER = "our secret in a header"
    SIGNATURE = "signed"


class Remember(StrEnum):
    """What an answer or a report says of the customer's address, for all later messages."""

    UNREACHABLE = "unreachable"  # not on this messenger, or no mobile number
    INVALID = "invalid"  # no address at all
    OPTED_OUT = "opted_out"
    OPTED_OUT_OF_MARKETING = "opted_out_of_marketing"
    OPTED_IN = "opted_in"  # takes back both
    WINDOW_CLOSED = "window_closed"  # free text is not allowed now


@dataclass(frozen=True, slots=True)
class Error:
    """What a provider's code means. `wait`: seconds before the recipient may be written to again."""

    error: Class
    remember: Remember | None = None
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Identities:
    """What is known of a customer: E.164 phone, e-mail, and ids by their kind (`IdentityKind`)."""

    phone: str | None = None
    email: str | None = None
    ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Button:
    """A button of a registered template, with its filled payload."""

    kind: str
    payload: str


@dataclass(frozen=True, slots=True)
class TemplateParts:
    """A template that the provider knows by its name, with the values of its placeholders in order."""

    name: str
    language: str
    parameters: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message as it is to be sent. `key` is the attempt's id.

    `reference`: what its reports are to carry. `callback_url`: where it reaches us, if it does.
    `window_open`: whether free text is allowed now. `offered_at`: when it was first sent, for look-ups.
    `unsubscribe_url`: where the customer ends advertisements, of an advertisement.
    """

    key: str
    reference: str | None
    address: str
    text: str
    template: TemplateParts | None = None
    window_open: bool = True
    callback_url: str | None = None
    offered_at: datetime | None = None
    unsubscribe_url: str | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """A request of a provider, byte by byte. `url` is ours as the provider knows it, its query included."""

    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """What the provider wants to hear."""

    status: int = 200
    body: bytes = b""
    media: str = "text/plain"


class ReportKind(StrEnum):
    """Kinds of elements in callbacks and polls."""

    STATUS = "status"
    ECHO = "echo"  # an outgoing message: ours, or one that an operator typed on the phone
    INBOUND = "inbound"
    TEMPLATE = "template"  # the provider has judged a template
    CHANNEL = "channel"  # the state of the channel itself
    PREFERENCE = "preference"  # the customer has opted out or in


@dataclass(frozen=True, slots=True)
class Judged:
    """What the provider says of a template that it knows. `language`: as the provider writes it."""

    name: str
    language: str
    usable: bool


@dataclass(frozen=True, slots=True)
class Written:
    """What passed between a customer and us in a chat.

    `known_by`: what the message shows of the customer, the address of the chat first. A number is E.164. `button`:
    the words of the one that was pressed; `media`: where the file is at the provider, `more_media` those beside it;
    `reply_to`: the provider's id of the message that is answered. `stop`: it says by its way alone that no
    advertisements are wanted.
    """

    known_by: tuple[tuple[IdentityKind, str], ...]
    content: MessageContent
    name: str | None = None
    text: str | None = None
    button: str | None = None
    media: Mapping[str, str] | None = None
    reply_to: str | None = None
    stop: bool = False
    more_media: Sequence[Mapping[str, str]] = ()

    @property
    def files(self) -> Sequence[Mapping[str, str]]:
        """Where all its files are."""
        return () if self.media is None else (self.media, *self.more_media)


@dataclass(frozen=True, slots=True)
class Report:
    """One element of a callback; each stands for itself.

    `at` is the provider's clock, `word` its own word, `progress` what it means for a message. `reference` is
    our key where the provider returns it; `address` the customer's, `sender` ours, as the provider writes them.
    `written`: the message itself, of an inbound one and of an echo.
    """

    kind: ReportKind
    external_id: str
    at: datetime
    word: str
    payload: JsonObject
    progress: MessageProgress | None = None
    code: str = ""
    reference: str | None = None
    address: str | None = None
    sender: str | None = None
    text: str | None = None
    remember: Remember | None = None
    judged: Judged | None = None
    written: Written | None = None

    @property
    def useful(self) -> bool:
        """Whether it can change the state of a message of ours."""
        return self.progress is not None or self.kind is ReportKind.ECHO


@dataclass(frozen=True, slots=True)
class Reading:
    """The reports of a body; `unreadable` names the parts that could not be read.

    `unread`: these parts themselves, by their names, where others of the same body may have been read.
    """

    reports: Sequence[Report]
    unreadable: tuple[str, ...] = ()
    unread: Mapping[str, object] = field(default_factory=dict, compare=False)
