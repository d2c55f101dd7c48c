"""The language of playbooks: the messages that it sends, and to whom."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from services.tasks.playbooks.source import Log, Node
from services.tasks.playbooks.values import HIDDEN, Declared, Duration, Flag, Kind, choice, ref, refs

DEFAULT_CHANNELS = ("whatsapp",)


def _channels(node: Node, log: Log) -> object:
    return refs("channel").read(node, log) or DEFAULT_CHANNELS


class Addressee(StrEnum):
    """Who gets a message: the customer, the partner whose customer the lead is, or one of the staff.

    The lead's owner, or the consultant who minds the partner's card, are reached as assignment has it.
    """

    CUSTOMER = "customer"
    PARTNER = "partner"
    OWNER = "owner"
    CONSULTANT = "consultant"


@dataclass(frozen=True, slots=True)
class MessageSpec(Declared):
    """A message by an approved template; it is not sent after its deadline. `once`: at most once in a process.

    `to` says who gets it; a partner is written to in their own language, and shown times on their own clock, the
    staff in the desk's first language and zone.
    """

    code: Annotated[str, HIDDEN]
    template: Annotated[str, ref("template")]
    channels: Annotated[tuple[str, ...], Kind(_channels, refs("channel").schema)] = DEFAULT_CHANNELS
    deadline: Duration | None = None
    once: Flag = False
    to: Annotated[Addressee, choice(Addressee)] = Addressee.CUSTOMER
