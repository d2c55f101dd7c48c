"""Fields of several parts: documents and questionnaires, every fault of them with its place (S3.13, S3.18)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from services.tasks.playbooks.fields import AnswerType, Question, Questionnaire
from services.tasks.playbooks.keeps import is_url
from services.tasks.playbooks.terms import Title

LONGEST_ANSWER = 4000
_LONGEST = {"title": 200, "number": 100}
_REQUIRED = Title("Заполните поле", "Fill in this field")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a part; `at` is its pointer below the field, empty for the whole."""

    at: str
    code: str
    detail: Title


@dataclass(slots=True)
class Form:
    """A field of several parts as it is stored, and what is wrong with what was given."""

    parts: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read_document(value: object) -> Form:
    """Read a document: its title, its number if it has one, and where it is."""
    if not isinstance(value, Mapping):
        return _whole("not_a_document", Title("Нужен документ: title, url", "A document is needed: title, url"))
    form = Form()
    form.faults += _unknown(value, ("title", "number", "url"))
    for name, required in (("title", True), ("number", False), ("url", True)):
        if (given := _given(value, name)) is None:
            form.faults += [Fault(f"/{name}", "field_required", _REQUIRED)] * required
        elif name == "url" and not (isinstance(given, str) and is_url(given)):
            detail = Title("Нужен адрес вида https://…", "An address such as https://… is needed")
            form.faults.append(Fault("/url", "not_a_url", detail))
        elif name != "url" and not (isinstance(given, str) and len(given) <= _LONGEST[name]):
            form.faults.append(
                Fault(f"/{name}", "not_a_text", Title("Нужен короткий текст", "A short text is needed"))
            )
        else:
            form.parts[name] = str(given)
    return form


def read_answers(questionnaire: Questionnaire, value: object) -> Form:
    """Read the answers to a questionnaire, by question."""
    if not isinstance(value, Mapping):
        detail = Title("Нужны ответы по вопросам", "Answers by question are needed")
        return _whole("not_answers", detail)
    form = Form()
    form.faults += _unknown(value, tuple(questionnaire.questions))
    for name, question in questionnaire.questions.items():
        if (given := _given(value, name)) is None:
            form.faults += [] if question.optional else [Fault(f"/{name}", "answer_required", _REQUIRED)]
        elif (wrong := _wrong(question, given)) is not None:
            form.faults.append(Fault(f"/{name}", *wrong))
        else:
            form.parts[name] = str(given)
    return form


def _whole(code: str, detail: Title) -> Form:
    return Form(faults=[Fault("", code, detail)])


def _given(value: Mapping[str, object], name: str) -> object | None:
    """Return a part that was given; null and a blank text count as not given."""
    found = value.get(name)
    text = found.strip() if isinstance(found, str) else found
    return None if text == "" else text


def _unknown(value: Mapping[str, object], names: tuple[str, ...]) -> Iterator[Fault]:
    known = ", ".join(names)
    for name in sorted(value.keys() - set(names)):
        yield Fault(f"/{name}", "unknown_field", Title(f"Есть только: {known}", f"There are only: {known}"))


def _wrong(question: Question, given: object) -> tuple[str, Title] | None:
    match question.type:
        case AnswerType.SCALE:
            least, most = question.least, question.most
            number = given if isinstance(given, int) and not isinstance(given, bool) else None
            if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 8:
                number = int(given)
            if number is None or not least <= number <= most:
                said = f"{least}…{most}"
                return "off_the_scale", Title(f"Нужно число {said}", f"A number {said} is needed")
        case AnswerType.CHOICE:
            if not isinstance(given, str) or given not in question.options:
                known = ", ".join(question.options)
                return "not_a_choice", Title(f"Есть варианты: {known}", f"There are the choices: {known}")
        case AnswerType.TEXT:
            if not isinstance(given, str) or len(given) > LONGEST_ANSWER:
                return "not_a_text", Title("Нужен текст", "A text is needed")
        case _:
            assert_never(question.type)
    return None
