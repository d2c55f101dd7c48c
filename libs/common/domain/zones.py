"""The time zones of a phone: its own where its number has one alone, else all in which it may be."""

import phonenumbers
from phonenumbers import timezone

# Mobile numbers of Russia and Kazakhstan go with their owner: they have every zone of both.
_EVERYWHERE = ("+79", "+77")
# One of each clock: the library lists those of both countries for either, and that of Bucharest for Kaliningrad.
_RUSSIA = (
    "Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Krasnoyarsk",
    "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka",
)  # fmt: skip
_KAZAKHSTAN = ("Asia/Almaty", "Asia/Aqtau")
_OWN = {"+79": _RUSSIA, "+77": _KAZAKHSTAN}


def zone_of_phone(e164: str | None) -> str | None:
    """Return the zone (IANA) in which a number is; None when it may be in several, or in none that is known."""
    found = zones_of_phone(e164)
    return found[0] if len(found) == 1 else None


def zones_of_phone(e164: str | None) -> tuple[str, ...]:
    """Return every zone (IANA) in which the owner of a number may be; none where nothing is known of it."""
    if e164 is None:
        return ()
    if e164.startswith(_EVERYWHERE):
        return _OWN[e164[:3]]
    try:
        found = timezone.time_zones_for_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(zone for zone in found if zone != timezone.UNKNOWN_TIMEZONE)
