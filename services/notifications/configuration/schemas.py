"""A desk's configuration at notifications, on the wire."""

from typing import Annotated

from pydantic import Field, JsonValue

from libs.common.domain.code import Code
from libs.common.platform.configuration import Configuration, Configured
from libs.common.platform.http.wire import Wire
from services.notifications.channels.schemas import Rate, StopWords, WritingRoles
from services.notifications.erasures.schemas import NotificationsRetention
from services.notifications.providers.values import ChannelKind
from services.notifications.sending.schemas import SendingPart
from services.notifications.templates.schemas import TemplateTexts


class ChannelPart(Wire):
    """A channel of the desk; see `CreateChannel`.

    `config` is the whole of it but for secrets: one that is left out stays, `null` takes it away. `kind` and
    `rate_5s`, `stop_words` and `free_text_roles`: null is as they are, or the usual ones.
    """

    kind: ChannelKind | None = None
    config: Annotated[
        dict[str, JsonValue],
        Field(repr=False, description="`provider`, and the members that it has; secrets go in only"),
    ]
    rate_5s: Rate | None = None
    stop_words: StopWords | None = None
    free_text_roles: WritingRoles | None = None


class TemplatePart(TemplateTexts):
    """The texts that messages use; see `ProposeTemplate`."""


class NotificationsPart(Wire):
    """The channels and templates of a desk, when it writes, and how long it keeps what names persons.

    Null: as they are. What is not named is retired.
    """

    channels: dict[Code, ChannelPart] | None = None
    templates: dict[Code, TemplatePart] | None = None
    sending: SendingPart | None = None
    retention: NotificationsRetention | None = None


class NotificationsConfigured(Configured[NotificationsPart]):
    """What applying the document changes.

    `hooks`: the path for the callbacks of each channel whose provider has any, once the channel is there.
    `placeholders`: those of each text of the templates that the desk has then, by the text's place.
    """

    hooks: dict[str, str]
    placeholders: dict[str, dict[str, tuple[str, ...]]]


class NotificationsConfiguration(Configuration[NotificationsPart]):
    """What the desk has at notifications, as a document that can be applied again."""
