"""A document as the sources that it asks for: what it changes, what it waits for, and faults of secrets."""

from collections.abc import Iterator, Mapping

from libs.common.domain.slips import is_slip, nearest
from libs.common.platform import configuration
from libs.common.platform.configuration import Action, PartChange
from libs.common.platform.http.faults import pointer
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault
from libs.common.platform.sealing import DataKeys
from services.intake.calling.schemas import CallingPart
from services.intake.configuration.queries import SCHOOL_KEYS, Found
from services.intake.configuration.schemas import Awaited, IntakePart, SourcePart
from services.intake.erasures.schemas import IntakeRetention
from services.intake.formats.config import SecretKind
from services.intake.masking.schemas import Masking
from services.intake.schools.schemas import SchoolPart

#: The kind of a change of a source, of a school's account, and of the desk's rules.
SOURCE, SCHOOL, CALLING, MASKING, RETENTION = "source", "school", "calling", "masking", "retention"
_NOT_NEEDED = Text("этому источнику секрет не нужен", "a source of this kind has no secret")
_MISSING = Text("нужен секрет, который выдал провайдер", "the secret that the provider has given")


def changes_of(found: Found, wanted: IntakePart, keys: DataKeys) -> list[PartChange]:
    """Return what a document changes; a secret that it gives and that differs is a change of `secret`."""
    made: list[PartChange] = []
    if wanted.sources is not None:
        had = {code: _compared(each.part(), each.secret(keys)) for code, each in found.active.items()}
        asked = {code: _compared(part, _secret(part)) for code, part in wanted.sources.items()}
        made += configuration.changes(SOURCE, had, asked)
    if wanted.schools is not None:
        accounts = {code: _account(each.part(), each.opened(keys)) for code, each in found.schools.items()}
        given = {code: _account(part, _keys(part)) for code, part in wanted.schools.items()}
        made += configuration.changes(SCHOOL, accounts, given)
    if wanted.calling is not None:
        said = found.part.calling or CallingPart()
        fields = [each for each in CallingPart.model_fields if getattr(said, each) != getattr(wanted.calling, each)]
        if fields:
            made.append(PartChange(action=Action.CHANGE, kind=CALLING, code="limits", fields=tuple(fields)))
    made += configuration.rule_changed(MASKING, found.part.masking or Masking(), wanted.masking)
    made += configuration.rule_changed(RETENTION, found.part.retention or IntakeRetention(), wanted.retention)
    return made


def secret_faults(found: Found, wanted: IntakePart) -> Iterator[Fault]:
    """Yield secrets that a source cannot have, and one that only its provider can make and that is missing."""
    for code, part in (wanted.sources or {}).items():
        place = pointer(["sources", code, "secret"])
        if part.secret is not None and part.config.secret is SecretKind.NONE:
            yield Fault(place, "not_needed", _NOT_NEEDED)
        if part.secret is None and part.config.secret is SecretKind.GIVEN and code not in found.sources:
            yield Fault(place, "missing", _MISSING)


def awaited(found: Found, wanted: IntakePart) -> dict[str, Awaited]:
    """Return the playbook of each source whose playbook is not known to be active at the desk."""
    return {
        code: Awaited(
            pointer=pointer(["sources", code, "playbook"]),
            playbook=part.playbook,
            nearest=nearest(part.playbook, found.playbooks),
        )
        for code, part in (wanted.sources or {}).items()
        if part.playbook not in found.playbooks
    }


def names_playbook(change: PartChange) -> bool:
    """Return whether a change gives a source its playbook; one that it has had already is not judged again."""
    return change.kind == SOURCE and (change.action is Action.CREATE or "playbook" in change.fields)


def misspelt(found: Found, waits_for: Mapping[str, Awaited]) -> list[Fault]:
    """Return faults of playbooks whose names are slips for those of the desk."""
    return [
        Fault(each.pointer, "unknown_playbook", _unknown(each))
        for each in waits_for.values()
        if is_slip(each.playbook, found.playbooks)
    ]


def _unknown(each: Awaited) -> Text:
    names = ", ".join(each.nearest)
    return Text(
        f"плейбук {each.playbook!r} не активен; похожие: {names}",
        f"no active playbook {each.playbook!r}; there is {names}",
    )


def _keys(part: SchoolPart) -> Mapping[str, str | None]:
    given = {name: getattr(part, name) for name in SCHOOL_KEYS}
    return {name: None if key is None else key.get_secret_value() for name, key in given.items()}


def _account(part: SchoolPart, keys: Mapping[str, str | None]) -> Mapping[str, object]:
    return {**part.model_dump(mode="json", exclude=set(SCHOOL_KEYS)), **keys}


def _secret(part: SourcePart) -> str | None:
    return part.secret.get_secret_value() if part.secret is not None else None


def _compared(part: SourcePart, secret: str | None) -> Mapping[str, object]:
    # In a tuple: what is null here is none, and not as it is. Secrets are compared, and go nowhere.
    members = part.model_dump(mode="json", exclude={"secret"})
    return {**{name: (value,) for name, value in members.items()}, "secret": secret}
