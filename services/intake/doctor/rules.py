"""How a delivery that was not understood is mended, and what a sender pastes. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from libs.common.domain.phone import read_phone
from libs.common.domain.slips import nearest
from services.intake.formats.common import is_read
from services.intake.formats.rules import Json, Note, Reason
from services.intake.formats.values import read_email

MAX_FIELDS = 20  # names of the request's fields that a mend repeats
MAX_NAMES = 10  # of the sender's, for one field of ours
#: The source's `field_map` and `status_map`.
Maps: TypeAlias = Mapping[str, Mapping[str, object]]
Patch: TypeAlias = dict[str, Maps]


class SnippetKind(StrEnum):
    """Where a snippet is pasted."""

    FORM = "form"
    FETCH = "fetch"
    PHP = "php"
    TILDA = "tilda"
    GETCOURSE = "getcourse"


@dataclass(frozen=True, slots=True)
class Mend:
    """What to do about a note: in both languages, and as a change of the source where there is one."""

    field: str
    code: str
    ru: str
    en: str
    patch: Patch | None = None


_BODY = {
    Reason.BAD_JSON: (
        "Тело — не JSON: проверьте кавычки и запятые.",
        "The body is no JSON: check quotes and commas.",
    ),
    Reason.BAD_FORM: (
        "Форма не читается: проверьте кодирование полей.",
        "The form cannot be read: check its encoding.",
    ),
    Reason.BAD_CHARSET: (
        "Кодировка неизвестна: пришлите UTF-8 или укажите charset источника.",
        "The charset is unknown: send UTF-8, or say the source's charset.",
    ),
    Reason.NOT_AN_OBJECT: ("Пришлите один объект JSON, не список.", "Send one JSON object, not a list."),
    Reason.UNSUPPORTED_TYPE: ("Пришлите JSON или форму.", "Send JSON or a form."),
    Reason.TOO_LARGE: ("Пришлите меньше строк заказа.", "Send fewer lines."),
}


def fields_of(payload: Json) -> dict[str, str]:
    """Return the fields of a payload that are texts or numbers, by the paths that a map takes."""
    return dict(_flat(payload, ""))


def unread_of(fields: Mapping[str, str], known: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the fields that have a value and that no rule reads, each with the known names that look like it."""
    return {
        name: nearest(name.rpartition(".")[2].lower(), sorted(known))
        for name, value in fields.items()
        if value.strip() and not is_read(name, known)
    }


def mends_of(
    reason: Reason | None, notes: Sequence[Note], fields: Mapping[str, str], region: str, maps: Maps
) -> list[Mend]:
    """Return how to mend a delivery's faults, the fatal ones first; `maps`: what the source's maps have already.

    Each patch has what those before it add: a PATCH gives a map whole, so that the last one is enough.
    """
    found: list[Mend] = []
    for note in notes:
        found.append(_mend(note, fields, region, maps))
        maps = {**maps, **_maps_of(found[-1])}
    if reason in _BODY:
        found.insert(0, Mend("body", reason.value, *_BODY[reason]))
    return found


def _maps_of(mend: Mend) -> Maps:
    """Return the maps that a mend's patch gives."""
    return mend.patch["config"] if mend.patch else {}


def _mend(note: Note, fields: Mapping[str, str], region: str, maps: Maps) -> Mend:
    match note.field, note.code:
        case ("phone" | "email") as field, "missing" | "no_digits" | "not_an_address":
            return _unmapped(note, field, fields, region, maps)
        case _, "unknown_status":
            patch = _added(maps, "status_map", note.detail, "new")
            return Mend(
                note.field, note.code,
                f"Скажите, какой это статус: «{note.detail}» в status_map источника.",
                f"Say which status it is: '{note.detail}' in the source's status_map.", patch,
            )  # fmt: skip
        case _:
            seen = note.detail[:100]
            return Mend(
                note.field, note.code,
                f"Значение не прочитано наверняка: «{seen}». Пришлите его яснее или проверьте поле {note.field}.",
                f"The value was not read for certain: '{seen}'. Send it plainer, or check the field {note.field}.",
            )  # fmt: skip


def _unmapped(note: Note, field: str, fields: Mapping[str, str], region: str, maps: Maps) -> Mend:
    """Name the field of the request that holds the number or the address under another name, if there is one."""
    name = next((name for name, value in fields.items() if _is_a(field, value, region)), None)
    if name is not None:
        usual = (
            note.detail.split(", ") if note.code == "missing" else [n for n in fields if fields[n] == note.detail]
        )
        patch = _added(maps, "field_map", field, [name, *usual][:MAX_NAMES])
        return Mend(
            note.field, note.code,
            f"Похоже, {field} приходит в поле «{name}»: добавьте это в field_map источника.",
            f"It seems that {field} comes in the field '{name}': add that to the source's field_map.", patch,
        )  # fmt: skip
    had = ", ".join(list(fields)[:MAX_FIELDS]) or "–"
    return Mend(
        note.field, note.code,
        f"Ни одного поля с этим нет; ищем: {note.detail}. Пришли поля: {had}.",
        f"No field has it; looked for: {note.detail}. The fields that came: {had}.",
    )  # fmt: skip


def _added(maps: Maps, map_name: str, key: str, value: object) -> Patch:
    """Return the body of a PATCH that adds to one of the maps, which it gives whole."""
    return {"config": {map_name: {**maps.get(map_name, {}), key: value}}}


def _is_a(field: str, value: str, region: str) -> bool:
    return read_phone(value, region).valid if field == "phone" else read_email(value) is not None


def _flat(value: Json, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from _flat(inner, f"{path}.{name}" if path else name)
        case str() | int() if not isinstance(value, bool):
            yield path, str(value)
        case _:
            return


def rehearsal(origin: str, desk: str, source: str, source_id: UUID) -> str:
    """Return the command that rehearses a source, and the requests that it makes."""
    return (
        f"dozvon source rehearse {desk} {source}\n"
        f"POST {origin}/intake/v1/sources/{source_id}/test-lead?dry_run <a request of the sender, or nothing>\n"
        f'POST {origin}/tasks/v1/rehearsals {{"desk": "{desk}", "lead": <lead>, "contact": <contact>}}\n'
        f'POST {origin}/assignment/v1/rehearsals {{"desk": "{desk}", "work": <work of each task>}}\n'
        f'POST {origin}/notifications/v1/rehearsals {{"desk": "{desk}", "message": <each of messages>}}'
    )


def snippets(url: str, *, needs_token: bool) -> dict[SnippetKind, str]:
    """Return what a sender pastes; `url` has the source's own key."""
    address = f"{url}?token=<token>" if needs_token else url
    joined = f"{address}{'&' if needs_token else '?'}"
    return {
        SnippetKind.FORM: (
            f'<form method="post" action="{address}">\n  <input name="name">\n'
            '  <input name="phone" type="tel" required>\n  <input name="email" type="email">\n'
            "  <button>OK</button>\n</form>"
        ),
        SnippetKind.FETCH: (
            f'const answer = await fetch("{address}", {{\n  method: "POST",\n'
            '  headers: {"Content-Type": "application/json"},\n'
            "  body: JSON.stringify({name, phone, email}),\n});\n"
            "const {disposition, reason, notes} = await answer.json();"
        ),
        SnippetKind.PHP: (
            f'$request = curl_init("{address}");\ncurl_setopt_array($request, [\n'
            "  CURLOPT_RETURNTRANSFER => true,\n"
            '  CURLOPT_HTTPHEADER => ["Content-Type: application/json"],\n'
            '  CURLOPT_POSTFIELDS => json_encode(["name" => $name, "phone" => $phone, "email" => $email]),\n]);\n'
            "$answer = json_decode(curl_exec($request), true);"
        ),
        SnippetKind.TILDA: address,
        SnippetKind.GETCOURSE: (
            f"{joined}id={{object.id}}&number={{object.number}}&status={{object.status}}&cost_money={{object.cost_money}}"
            "&payment_link={object.payment_link}&positions={object.positions}&first_name={object.user.first_name}"
            "&last_name={object.user.last_name}&phone={object.user.phone}&email={object.user.email}"
        ),
    }
