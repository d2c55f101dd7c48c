"""What a provider says of a customer's wish → event."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.envelope import MAX_KEY
from libs.common.contracts.notifications import AdvertisingSwitched
from libs.common.contracts.shared import Customer, Identity, IdentityKind
from services.notifications.addresses.store import Heard
from services.notifications.providers.values import ChannelKind, Remember

#: By what a customer is known at an address of a kind; numbers of telephones are in E.164.
_KINDS: Mapping[str, IdentityKind] = {
    ChannelKind.WHATSAPP: IdentityKind.WHATSAPP,
    ChannelKind.SMS: IdentityKind.PHONE,
    ChannelKind.TELEGRAM: IdentityKind.TELEGRAM,
    ChannelKind.MAX: IdentityKind.MAX,
    ChannelKind.EMAIL: IdentityKind.EMAIL,
}
_NUMBERS = frozenset({IdentityKind.WHATSAPP, IdentityKind.PHONE})
_WISHES: Mapping[Remember, bool] = {Remember.OPTED_OUT_OF_MARKETING: False, Remember.OPTED_IN: True}


def switched_event(heard: Heard, provider: str, now: datetime, traceparent: str | None) -> Outgoing | None:
    """Return the event of a customer's switch; None where it is none, or shows no customer."""
    place, wanted, kind = heard.place, _WISHES.get(heard.what), _KINDS.get(heard.place.kind)
    if wanted is None or kind is None:
        return None
    known = _known(kind, place.address)
    data = AdvertisingSwitched(
        channel_id=UUID(int=place.channel_id.int),
        channel=place.kind,
        provider=provider,
        wanted=wanted,
        at=heard.at,
        person=Customer(identities=(known,)),
    )
    return Outgoing(
        f"address:{known.kind}:{known.value}"[:MAX_KEY], place.desk, now, data, Cause.fresh(traceparent)
    )


def _known(kind: IdentityKind, address: str) -> Identity:
    digits = address.removeprefix("+")
    if kind not in _NUMBERS:
        return Identity(kind=kind, value=address)
    if digits.isascii() and digits.isdecimal():
        return Identity(kind=kind, value=f"+{digits}")
    return Identity(kind=IdentityKind.BSUID, value=address)
