"""Template bodies and strict rendering (S2.5, S4.12): an unfilled placeholder stops the message.

A part may have two wordings, `[[{name}, thank you||Thank you]]`: the second is for a name without a value.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from libs.common.domain.placeholders import KNOWN, PlaceholderType, fits
from services.notifications.providers.values import Button, TemplateParts

MAX_BODY = 4_000  # characters, below every messenger's limit once it is filled
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")
_EITHER = re.compile(r"\[\[((?:(?!\]\]|\[\[|\|\|).)*)(?:\|\|((?:(?!\]\]|\[\[|\|\|).)*))?\]\]", re.DOTALL)
_BRACE = re.compile(r"[{}]")
_BRACKETS = re.compile(r"\[\[|\]\]|\|\|")
DEFAULT_LANGUAGE = "ru"
Types: TypeAlias = Mapping[str, PlaceholderType]
UNTYPED: Types = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Registered:
    """A template that a provider knows by its name. `languages`: its names of them, by ours.

    `parameters` and the payloads of `buttons` have placeholders as bodies have.
    """

    name: str
    languages: Mapping[str, str]
    parameters: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    marketing: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs for one kind of channel; without `bodies` the text is that of all."""

    bodies: Mapping[str, str] = field(default_factory=dict)
    registered: Registered | None = None
    marketing: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a template: its number, its text per language code, its variants by kind of channel.

    `types` are those of its placeholders, by name; of one that is not named any words will do.
    """

    number: int
    bodies: Mapping[str, str]
    variants: Mapping[str, Variant] = field(default_factory=dict)
    types: Types = field(default_factory=dict)

    @property
    def marketing(self) -> bool:
        """Whether it is advertising: what is so by one channel, or registered as such, is so by any."""
        of_variants = self.variants.values()
        return any(
            one.marketing or (one.registered is not None and one.registered.marketing) for one in of_variants
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """By whom a version was proposed, and who heads their department: `sub` and name, None = no head."""

    by: str
    head: str | None = None
    head_name: str | None = None


def may_approve(proposal: Proposal, sub: str, *, admin: bool, supervisor: bool) -> bool:
    """Return whether a person may approve a version: the head of its proposer's department, else a supervisor.

    Only who heads the department approves what they have proposed themselves; an administrator approves anything.
    """
    if admin or sub == proposal.head:
        return True
    return supervisor and proposal.head is None and sub != proposal.by


@dataclass(frozen=True, slots=True)
class Rendered:
    """A filled text in its language, and the template that the provider knows."""

    text: str
    language: str
    parts: TemplateParts | None = None


class UnfilledError(ValueError):
    """A placeholder is unknown or has no value; `names` in the text's order."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"unfilled: {', '.join(names)}")
        self.names = names


class MistypedError(ValueError):
    """A value is not of its placeholder's type; `names` in the text's order."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"mistyped: {', '.join(names)}")
        self.names = names


def placeholders(body: str) -> tuple[str, ...]:
    """Return the placeholder names of a text, each once, in order."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(body)))


def fault(body: str) -> str | None:
    """Return why a text cannot be a template body, or None: `blank`, `too_long`, `stray_brace`, `stray_bracket`."""
    if not body.strip() or not _worded(body, {}).strip():
        return "blank"
    if _BRACKETS.search(_EITHER.sub("", body)):
        return "stray_bracket"
    if len(body) > MAX_BODY:
        return "too_long"
    return "stray_brace" if _BRACE.search(_PLACEHOLDER.sub("", body)) else None


def faults_of(version: Version) -> dict[str, str]:
    """Return why texts and types cannot be those of a template, each by its place; nothing when all can."""
    texts = dict(places_of(version.bodies, version.variants))
    named = {name for text in texts.values() for name in placeholders(text)}
    wrong = ((f"/types/{name}", _type_fault(name, kind, named)) for name, kind in version.types.items())
    found = ((place, fault(text)) for place, text in texts.items())
    return {place: code for place, code in (*found, *wrong) if code is not None}


def _type_fault(name: str, kind: PlaceholderType, named: Collection[str]) -> str | None:
    """Return why a placeholder cannot have a type: `unknown_placeholder`, `wrong_type`, or None."""
    if name not in named:
        return "unknown_placeholder"
    fitting = (PlaceholderType.TEXT, KNOWN.get(name, kind))
    return None if kind in fitting else "wrong_type"


def places_of(bodies: Mapping[str, str], variants: Mapping[str, Variant]) -> Iterator[tuple[str, str]]:
    """Yield each text of a template with its place, a JSON pointer."""
    yield from ((f"/bodies/{language}", body) for language, body in bodies.items())
    for kind, variant in variants.items():
        yield from ((f"/variants/{kind}{place}", text) for place, text in texts_of(variant))


def render(body: str, values: Mapping[str, str | None], types: Types = UNTYPED) -> str:
    """Fill a text once; values are never read as templates.

    Raises UnfilledError naming every gap, else MistypedError naming every value of another type.
    """
    body = _worded(body, values)
    missing = tuple(name for name in placeholders(body) if not (values.get(name) or "").strip())
    if missing:
        raise UnfilledError(missing)
    if wrong := tuple(name for name in placeholders(body) if not _is_typed(name, values, types)):
        raise MistypedError(wrong)
    return _PLACEHOLDER.sub(lambda match: (values[match[1]] or "").strip(), body)


def _is_typed(name: str, values: Mapping[str, str | None], types: Types) -> bool:
    return fits(types.get(name, PlaceholderType.TEXT), values.get(name) or "")


def _worded(body: str, values: Mapping[str, str | None]) -> str:
    """Return a body with one wording of each part that has two: the first if all its placeholders have values."""

    def chosen(match: re.Match[str]) -> str:
        filled = all((values.get(name) or "").strip() for name in placeholders(match[1]))
        return match[1] if filled else match[2] or ""

    return _EITHER.sub(chosen, body)


def render_for(kind: str, version: Version, wanted: str, values: Mapping[str, str | None]) -> Rendered:
    """Fill what a kind of channel sends. Raises UnfilledError, MistypedError."""
    variant = version.variants.get(kind, Variant())
    bodies = variant.bodies or version.bodies
    language = choose_language(bodies, wanted)
    types = version.types
    parts = None if variant.registered is None else _filled(variant.registered, language, values, types)
    return Rendered(render(bodies[language], values, types), language, parts)


@dataclass(frozen=True, slots=True)
class Tried:
    """A text with values in it, or the names of those that it lacks, or that are of another type.

    `channel` None: of all that have no own.
    """

    channel: str | None
    language: str
    filled: str | None
    unfilled: tuple[str, ...] = ()
    mistyped: tuple[str, ...] = ()


def tried(version: Version, values: Mapping[str, str | None]) -> Iterator[Tried]:
    """Yield each text of a version as customers would read it."""
    own = ((kind, one.bodies) for kind, one in sorted(version.variants.items()) if one.bodies)
    for channel, bodies in ((None, version.bodies), *own):
        for language, body in sorted(bodies.items()):
            try:
                yield Tried(channel, language, render(body, values, version.types))
            except UnfilledError as gaps:
                yield Tried(channel, language, None, gaps.names)
            except MistypedError as wrong:
                yield Tried(channel, language, None, mistyped=wrong.names)


def texts_of(variant: Variant) -> Iterator[tuple[str, str]]:
    """Yield each text of a variant with its place, a JSON pointer."""
    yield from ((f"/bodies/{language}", body) for language, body in variant.bodies.items())
    if variant.registered is not None:
        yield from ((f"/registered/parameters/{at}", one) for at, one in enumerate(variant.registered.parameters))
        buttons = enumerate(variant.registered.buttons)
        yield from ((f"/registered/buttons/{at}/payload", one.payload) for at, one in buttons)


def _filled(registered: Registered, language: str, values: Mapping[str, str | None], types: Types) -> TemplateParts:
    return TemplateParts(
        registered.name,
        registered.languages[choose_language(registered.languages, language)],
        tuple(render(text, values, types) for text in registered.parameters),
        tuple(Button(button.kind, render(button.payload, values, types)) for button in registered.buttons),
    )


def choose_language(bodies: Mapping[str, str], wanted: str) -> str:
    """Return the language to write in: the lead's, else Russian, else an existing one."""
    for language in (wanted, DEFAULT_LANGUAGE):
        if language in bodies:
            return language
    return min(bodies)
