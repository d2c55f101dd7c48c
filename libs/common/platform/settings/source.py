"""Sources of a setting: `INTAKE_NAME`, `INTAKE_NAME_FILE`, and for shared ones `NAME`, `NAME_FILE`."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

MAX_FILE = 64 * 1024  # bytes

# Settings of earlier releases, without prefix. They are ignored, not refused: an upgrade must not need another
# environment before the first process can start.
RETIRED = frozenset({"RELAY_HINT_PORT", "WAZZUP_URL"})


class Shared:
    """Mark a field that may also be set without the service's prefix: `Annotated[str, SHARED]`."""


SHARED = Shared()


class SettingsError(Exception):
    """The environment cannot be used; the message names every key that is wrong, and no value."""


class EnvironmentSource(PydanticBaseSettingsSource):
    """Read a service's settings from the environment and from files that it names (secrets)."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str] | None = None) -> None:
        super().__init__(settings_cls)
        self._environ = os.environ if environ is None else environ

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return (text or None, name, False): the first of the field's keys that is set and not empty."""
        return self._text(field, field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the settings found. Raises SettingsError for unknown keys with the service's prefix."""
        self._refuse_unknown()
        fields = self.settings_cls.model_fields
        found = {name: self._text(field, name) for name, field in fields.items()}
        return {name: text for name, text in found.items() if text is not None}

    def _text(self, field: FieldInfo, name: str) -> str | None:
        for key in keys_of(self.settings_cls, name, field):
            if value := self._environ.get(key):
                return value
            if path := self._environ.get(f"{key}_FILE"):
                return _read(key, Path(path))
        return None

    def _refuse_unknown(self) -> None:
        prefix = str(self.settings_cls.model_config.get("env_prefix") or "")
        if not prefix:
            return
        known = set[str]()
        for name, field in self.settings_cls.model_fields.items():
            for key in keys_of(self.settings_cls, name, field):
                known |= {key, f"{key}_FILE"}
        known |= retired_keys(prefix, self._environ)
        unknown = sorted(key for key in self._environ if key.startswith(prefix) and key not in known)
        if unknown:
            raise SettingsError(f"unknown settings: {', '.join(unknown)}")


def keys_of(model: type[BaseSettings], name: str, field: FieldInfo) -> Iterator[str]:
    """Yield the environment keys of a field, strongest first."""
    prefix = str(model.model_config.get("env_prefix") or "")
    yield f"{prefix}{name.upper()}"
    if prefix and is_shared(field):
        yield name.upper()


def retired_keys(prefix: str, environ: Mapping[str, str]) -> frozenset[str]:
    """Return the keys of the environment that name a setting of an earlier release."""
    retired = {f"{prefix}{name}{end}" for name in RETIRED for end in ("", "_FILE")}
    return frozenset(retired.intersection(environ))


def is_shared(field: FieldInfo) -> bool:
    """Return whether the field may also be set without the service's prefix."""
    return any(isinstance(mark, Shared) for mark in field.metadata)


def _read(key: str, path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE:
            raise SettingsError(f"{key}_FILE is larger than {MAX_FILE} bytes")
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{key}_FILE cannot be read: {type(error).__name__}") from error
