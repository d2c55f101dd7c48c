"""Template bodies and strict rendering (S2.5, S4.12): an unfilled placeholder stops the message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_BODY = 4_000  # characters, below every messenger's limit once it is filled
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")
_BRACE = re.compile(r"[{}]")
DEFAULT_LANGUAGE = "ru"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a template: its number and its text per language code."""

    number: int
    bodies: Mapping[str, str]


class UnfilledError(ValueError):
    """A placeholder is unknown or has no value; `names` in the text's order."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"unfilled: {', '.join(names)}")
        self.names = names


def placeholders(body: str) -> tuple[str, ...]:
    """Return the placeholder names of a text, each once, in order."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(body)))


def fault(body: str) -> str | None:
    """Return why a text cannot be a template body, or None: `blank`, `too_long`, `stray_brace`."""
    if not body.strip():
        return "blank"
    if len(body) > MAX_BODY:
        return "too_long"
    return "stray_brace" if _BRACE.search(_PLACEHOLDER.sub("", body)) else None


def render(body: str, values: Mapping[str, str | None]) -> str:
    """Fill a text once; values are never read as templates. Raises UnfilledError naming every gap."""
    missing = tuple(name for name in placeholders(body) if not (values.get(name) or "").strip())
    if missing:
        raise UnfilledError(missing)
    return _PLACEHOLDER.sub(lambda match: (values[match[1]] or "").strip(), body)


def choose_language(bodies: Mapping[str, str], wanted: str) -> str:
    """Return the language to write in: the lead's, else Russian, else an existing one."""
    for language in (wanted, DEFAULT_LANGUAGE):
        if language in bodies:
            return language
    return min(bodies)
