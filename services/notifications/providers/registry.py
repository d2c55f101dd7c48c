"""The providers: one line each."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import Field, TypeAdapter

from services.notifications.providers.base import Adapter, ProviderConfig
from services.notifications.providers.max import Max
from services.notifications.providers.smsaero import SmsAero
from services.notifications.providers.smsc import Smsc
from services.notifications.providers.smsru import SmsRu
from services.notifications.providers.smtp import Smtp
from services.notifications.providers.team_webhook import TeamWebhook
from services.notifications.providers.telegram import Telegram
from services.notifications.providers.twilio import Twilio
from services.notifications.providers.wazzup import Wazzup
from services.notifications.providers.whatsapp_cloud import WhatsAppCloud

ADAPTERS: tuple[type[Adapter], ...] = (
    Wazzup,
    WhatsAppCloud,
    Twilio,
    Smsc,
    SmsRu,
    SmsAero,
    Telegram,
    Max,
    TeamWebhook,
    Smtp,
)

PROVIDERS: Mapping[str, type[Adapter]] = {adapter.code: adapter for adapter in ADAPTERS}

#: The provider of a configuration that names none, as before there were others.
DEFAULT = ADAPTERS[0].code

if TYPE_CHECKING:
    ChannelConfig: TypeAlias = ProviderConfig
else:
    ChannelConfig = Annotated[
        reduce(or_, (adapter.Config for adapter in ADAPTERS)), Field(discriminator="provider")
    ]

#: Reads the configuration of any provider, which it names. Raises ValidationError.
CONFIGS: TypeAdapter[ProviderConfig] = TypeAdapter(ChannelConfig)
