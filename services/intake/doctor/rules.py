"""How a delivery that was not understood is mended, and what a sender pastes. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from libs.common.domain.phone import read_phone
from services.intake.formats.payload import object_of
from services.intake.formats.rules import Json, Note, RawRequest, Reason, UnreadableError
from services.intake.formats.values import read_email

MAX_FIELDS = 20  # names of the request's fields that a mend repeats


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
    patch: dict[str, object] | None = None


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


def fields_of(raw: RawRequest, charset: str | None) -> dict[str, str]:
    """Return the request's fields that are texts or numbers, by the paths that a map takes."""
    try:
        return dict(_flat(object_of(raw, charset), ""))
    except UnreadableError:
        return {}


def mends_of(reason: Reason | None, notes: Sequence[Note], fields: Mapping[str, str], region: str) -> list[Mend]:
    """Return how to mend a delivery's faults, the fatal ones first."""
    found = [_mend(note, fields, region) for note in notes]
    if reason in _BODY:
        found.insert(0, Mend("body", reason.value, *_BODY[reason]))
    return found


def _mend(note: Note, fields: Mapping[str, str], region: str) -> Mend:
    match note.field, note.code:
        case ("phone" | "email") as field, "missing" | "no_digits" | "not_an_address":
            return _unmapped(note, field, fields, region)
        case _, "unknown_status":
            patch: dict[str, object] = {"config": {"status_map": {note.detail: "new"}}}
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


def _unmapped(note: Note, field: str, fields: Mapping[str, str], region: str) -> Mend:
    """Name the field of the request that holds the number or the address under another name, if there is one."""
    name = next((name for name, value in fields.items() if _is_a(field, value, region)), None)
    if name is not None:
        patch: dict[str, object] = {"config": {"field_map": {field: name}}}
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
