"""What configurations of providers share: kinds of fields, and what every bot has."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from services.notifications.providers.base import ProviderConfig
from services.notifications.providers.values import ChannelKind

_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")


def _header_safe(key: SecretStr) -> SecretStr:
    if not all("!" <= c <= "~" for c in key.get_secret_value()):
        raise ValueError("printable ASCII without spaces")
    return key


def _takeable(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and not _WEBHOOK_SECRET.fullmatch(secret.get_secret_value()):
        raise ValueError("16 to 256 of A-Z, a-z, 0-9, _ and -")
    return secret


#: A secret that a form can carry.
Secret = Annotated[SecretStr, Field(min_length=1, max_length=200)]
#: A secret that a header or a form can carry.
Key = Annotated[SecretStr, Field(min_length=1, max_length=500), AfterValidator(_header_safe)]


class BotConfig(ProviderConfig):
    """A bot that writes to customers or, where `team_chat_id` names one, to a group of the team alone.

    `webhook_secret` is ours: the messenger repeats it with all that it sends. Without one nothing is taken from it.
    """

    bot_token: Key
    webhook_secret: Annotated[SecretStr | None, AfterValidator(_takeable)] = None
    team_chat_id: Annotated[str | None, Field(pattern=r"^-?[0-9]{1,19}$")] = None

    def serves(self, kind: ChannelKind) -> bool:
        """Return whether it makes a channel of a kind: the team's, if it names a group."""
        return (kind is ChannelKind.TEAM) == (self.team_chat_id is not None)
