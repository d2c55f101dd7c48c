"""Why a message has not left yet and when it will, as people read it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from libs.common.contracts.shared import Text
from services.notifications.ladders.rules import Stop
from services.notifications.sending.rules import Basis, Night

#: A message waits for earlier ones to the same address.
PACE = "pace"
_PACE = Text(
    ru="Ждёт своей очереди: провайдер берёт сообщения одному адресату не чаще, чем разрешает.",
    en="Waits for its turn: the provider takes messages to one address only so often.",
)
_NIGHT = {
    Basis.ZONE: Text(ru="у клиента ночь", en="it is night where the customer is"),
    Basis.CANDIDATES: Text(
        ru="часовой пояс клиента неизвестен, а ночь сейчас там, где он может быть",
        en="the customer's time zone is not known, and it is night where they may be",
    ),
    Basis.NO_COMMON_HOUR: Text(
        ru="часовой пояс клиента неизвестен, общего дневного часа нет, поэтому ночь считается по часам отдела",
        en="the customer's time zone is not known and has no hour for all, so it is night by the desk's clock",
    ),
}


def why_it_waits(held_for: str | None, held_until: datetime | None, night: Night | None) -> Text | None:
    """Return the sentence of a message that waits; None of one that does not."""
    if held_for == PACE:
        return _PACE
    if held_until is None:
        return None
    by_night = held_for == Stop.QUIET_HOURS and night is not None
    why = _NIGHT[night.basis] if by_night and night else _limited(held_for)
    at, clock = _local(held_until, night)
    return Text(ru=f"Уйдёт {at} {clock.ru}: {why.ru}.", en=f"Will be sent {at} {clock.en}: {why.en}.")


def _limited(code: str | None) -> Text:
    named = f" ({code})" if code else ""
    return Text(
        ru=f"провайдер просит писать этому клиенту реже{named}",
        en=f"the provider wants this customer to be written to less often{named}",
    )


def _local(at: datetime, night: Night | None) -> tuple[str, Text]:
    """Return a time by the customer's clock, or by the desk's where theirs is not known."""
    zone = "UTC" if night is None else night.zone
    if night is None:
        clock = Text(ru="UTC", en="UTC")
    elif night.basis is Basis.ZONE:
        clock = Text(ru="по времени клиента", en="customer time")
    else:
        clock = Text(ru="по времени отдела", en="desk time")
    return f"{at.astimezone(ZoneInfo(zone)):%d.%m %H:%M}", clock
