"""The table of docs/settings.md, generated from the models."""

from collections.abc import Sequence

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from libs.common.platform.settings.base import ServiceSettings
from libs.common.platform.settings.source import is_shared

_HEAD = "| variable | default | what it is |\n| --- | --- | --- |\n"


def settings_table(models: Sequence[type[ServiceSettings]]) -> str:
    """Return markdown: settings of all services once, with `<SERVICE>_` in the name, then each service's own."""
    common = [_row(_common_key(name, field), field) for name, field in ServiceSettings.model_fields.items()]
    own = [
        _row(f"{model.model_config.get('env_prefix') or ''}{name.upper()}", field)
        for model in models
        for name, field in model.model_fields.items()
        if _is_own(model, name, field)
    ]
    return _HEAD + "".join([*common, *own])


def _is_own(model: type[BaseSettings], name: str, field: FieldInfo) -> bool:
    base = ServiceSettings.model_fields.get(name)
    return model is not ServiceSettings and (base is None or base.default != field.default)


def _common_key(name: str, field: FieldInfo) -> str:
    return f"[<SERVICE>_]{name.upper()}" if is_shared(field) else f"<SERVICE>_{name.upper()}"


def _row(key: str, field: FieldInfo) -> str:
    default = "required" if field.is_required() else "–" if field.default is None else f"`{field.default}`"
    text = " ".join((field.description or "").split()).replace("|", "\\|")
    return f"| `{key}` | {default} | {text} |\n"
