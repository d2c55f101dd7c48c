"""The language of playbooks: the messages that it sends, and to whom."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from services.tasks.playbooks.faults import WrongPartError
from services.tasks.playbooks.source import Log, Node
from services.tasks.playbooks.values import HIDDEN, Declared, Duration, Flag, Kind, choice, ref, refs

DEFAULT_CHANNELS = ("whatsapp",)
TEAM_CHANNELS = ("team",)


def _channels(node: Node, log: Log) -> object:
    return refs("channel").read(node, log) or DEFAULT_CHANNELS


class Addressee(StrEnum):
    """Who gets a message: the customer, the partner whose customer the lead is, one of the staff, or all of a desk.

    The lead's owner, or the consultant who minds the partner's card, are reached as assignment has it; the desk's
    team by its channel of the kind `team`.
    """

    CUSTOMER = "customer"
    PARTNER = "partner"
    OWNER = "owner"
    CONSULTANT = "consultant"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class MessageSpec(Declared):
    """A message by an approved template; it is not sent after its deadline. `once`: at most once in a process.

    `to` says who gets it; a partner is written to in their own language, and shown times on their own clock, the
    staff in the desk's first language and zone. What goes to the team names no person: its template has no name and
    no address to fill in.
    """

    code: Annotated[str, HIDDEN]
    template: Annotated[str, ref("template")]
    channels: Annotated[tuple[str, ...], Kind(_channels, refs("channel").schema)] = DEFAULT_CHANNELS
    deadline: Duration | None = None
    once: Flag = False
    to: Annotated[Addressee, choice(Addressee)] = Addressee.CUSTOMER
    price_in: Annotated[str, ref("field")] | None = None

    def __post_init__(self) -> None:
        """Refuse the team's channel for others, and other channels for the team."""
        if self.to is Addressee.TEAM:
            wrong = self.channels not in (DEFAULT_CHANNELS, TEAM_CHANNELS)
        else:
            wrong = not set(self.channels).isdisjoint(TEAM_CHANNELS)
        if wrong:
            raise WrongPartError("team_channel", "messages to the team, and no others, go by its channel")

    @property
    def ways(self) -> tuple[str, ...]:
        """The kinds of channels by which it goes, in their order."""
        return TEAM_CHANNELS if self.to is Addressee.TEAM else self.channels
