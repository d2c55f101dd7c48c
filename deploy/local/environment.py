"""The variables that the stack takes from its caller's environment; it sets all other settings itself."""

from collections.abc import Iterator, Mapping, MutableMapping

from pydantic import ValidationError

from deploy.local.process import LocalStackError
from libs.common.platform.db.roles import SERVICES
from libs.common.platform.settings import ServiceSettings
from libs.common.platform.settings.source import is_shared

CHOICES = ("POSTGRES_URL", "KAFKA_BOOTSTRAP", "TOPIC_PREFIX", "LOG_LEVEL", "OTLP_ENDPOINT", "CORS_ORIGINS")


def take_choices(environ: MutableMapping[str, str]) -> dict[str, str]:
    """Return what a person may choose; remove from `environ` all that a service would take for a setting.

    Raises LocalStackError that names what cannot be used.
    """
    choices = {name: value for name in CHOICES if (value := environ.get(name))}
    prefixes = tuple(f"{service.upper()}_" for service in SERVICES)
    shared = set(_shared_keys())
    for name in [name for name in environ if name in shared or name.startswith(prefixes)]:
        del environ[name]
    if faults := list(_faults(choices)):
        raise LocalStackError("; ".join(faults))
    return choices


def _shared_keys() -> Iterator[str]:
    for name, field in ServiceSettings.model_fields.items():
        if is_shared(field):
            yield name.upper()
            yield f"{name.upper()}_FILE"


def _faults(choices: Mapping[str, str]) -> Iterator[str]:
    try:
        ServiceSettings.model_validate(
            {"postgres_url": "postgresql://", **{k.lower(): v for k, v in choices.items()}}
        )
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            name = "_".join(map(str, fault["loc"])).upper()
            if name in choices:
                yield f"{name}: {fault['msg']}"
