"""A document as the channels and templates that it asks for: its faults, and what it changes."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from libs.common.platform import configuration
from libs.common.platform.configuration import Action, BadConfigurationError, PartChange
from libs.common.platform.http.faults import faults_under, pointer
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault
from services.notifications.channels.convert import secret_part
from services.notifications.configuration.queries import Found, StoredChannel
from services.notifications.configuration.schemas import ChannelPart, NotificationsPart, TemplatePart
from services.notifications.erasures.schemas import NotificationsRetention
from services.notifications.errors import body_faults
from services.notifications.providers.base import ProviderConfig
from services.notifications.providers.registry import CONFIGS, PROVIDERS
from services.notifications.sending.schemas import SendingPart
from services.notifications.templates.rules import faults_of, placeholders, places_of

Configs = Mapping[str, ProviderConfig]
RETENTION = "retention"

_FIXED = Text("этого нельзя изменить: нужен новый канал", "this cannot be changed: make another channel")
_NOT_SERVED = Text("провайдер не обслуживает такие каналы", "the provider serves no channel of this kind")


def checked(found: Found, wanted: NotificationsPart) -> Configs:
    """Return the whole configuration of each channel. Raises BadConfigurationError with every fault."""
    configs: dict[str, ProviderConfig] = {}
    faults: list[Fault] = []
    for code, part in (wanted.channels or {}).items():
        stored = found.channels.get(code)
        try:
            configs[code] = _config(code, stored, part)
        except BadConfigurationError as error:
            faults += error.faults
        else:
            faults += _kind_faults(code, stored, part, configs[code])
    for code, template in (wanted.templates or {}).items():
        faults += body_faults(faults_of(template.wording().version), pointer(["templates", code]))
    if faults:
        raise BadConfigurationError(faults)
    return configs


def changes_of(found: Found, wanted: NotificationsPart, configs: Configs) -> list[PartChange]:
    """Return what a document changes. A secret that it gives and that differs is a change of `config`."""
    made: list[PartChange] = []
    if wanted.channels is not None:
        parts = found.part.channels or {}
        had = {code: _compared(parts[code], each.config) for code, each in found.active.items()}
        asked = {code: _compared(each, configs[code]) for code, each in wanted.channels.items()}
        made += configuration.changes("channel", had, asked)
    if wanted.templates is not None:
        made += configuration.changes("template", _dumped(found.part.templates or {}), _dumped(wanted.templates))
    if wanted.sending is not None:
        said = found.part.sending or SendingPart()
        fields = [each for each in SendingPart.model_fields if getattr(said, each) != getattr(wanted.sending, each)]
        if fields:
            made.append(PartChange(action=Action.CHANGE, kind="sending", code="hours", fields=tuple(fields)))
    had_days = found.part.retention or NotificationsRetention()
    return [*made, *configuration.rule_changed(RETENTION, had_days, wanted.retention)]


def placeholders_of(found: Found, wanted: NotificationsPart) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the placeholders of each text of the templates that the desk has once a document is applied."""
    templates = wanted.templates if wanted.templates is not None else found.part.templates
    made: dict[str, dict[str, tuple[str, ...]]] = {}
    for code, template in (templates or {}).items():
        version = template.wording().version
        texts = places_of(version.bodies, version.variants)
        made[code] = {place: names for place, text in texts if (names := placeholders(text))}
    return made


def _config(code: str, stored: StoredChannel | None, part: ChannelPart) -> ProviderConfig:
    """Return a channel's configuration with the secrets that it has already. Raises BadConfigurationError."""
    place = ["channels", code, "config"]
    kept = {} if stored is None else {"provider": stored.config.provider, **secret_part(stored.config)}
    whole = {**kept, **part.config}
    if stored is not None and whole["provider"] != stored.config.provider:
        raise BadConfigurationError([Fault(pointer([*place, "provider"]), "read_only", _FIXED)])
    if whole.get("provider") not in PROVIDERS:
        place.append("provider")
    try:
        return CONFIGS.validate_python(whole)
    except ValidationError as error:
        raise BadConfigurationError(faults_under(place, error, whole)) from None


def _kind_faults(
    code: str, stored: StoredChannel | None, part: ChannelPart, config: ProviderConfig
) -> Iterator[Fault]:
    place = pointer(["channels", code, "kind"])
    if stored is not None and part.kind not in (None, stored.kind):
        yield Fault(place, "read_only", _FIXED)
    kind = part.kind if stored is None else stored.kind
    if kind is not None and kind not in PROVIDERS[config.provider].kinds(config):
        yield Fault(place, "not_served", _NOT_SERVED)


def _compared(part: ChannelPart, config: ProviderConfig) -> Mapping[str, object]:
    # Secrets included: they are compared here, and go nowhere.
    return {**dict(part), "config": config}


def _dumped(templates: Mapping[str, TemplatePart]) -> dict[str, dict[str, object]]:
    return {code: template.model_dump(mode="json") for code, template in templates.items()}
