"""The language of playbooks: what an operator fills in with an outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import Field

from services.tasks.playbooks.faults import WrongPartError
from services.tasks.playbooks.terms import Text
from services.tasks.playbooks.values import CODED, CODES, HIDDEN, Declared, Flag, Number, choice, ref, refs


class FieldType(StrEnum):
    """What a field of an outcome holds."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    MOMENT = "moment"
    CHOICE = "choice"
    PHONE = "phone"
    FLAG = "flag"
    PERSON = "person"
    DOCUMENT = "document"
    QUESTIONNAIRE = "questionnaire"


#: A field's value as it is stored: canonical text, a flag, or the parts of a document or a questionnaire.
FieldValue: TypeAlias = str | bool | Mapping[str, str]


class AnswerType(StrEnum):
    """How a question is answered."""

    SCALE = "scale"
    CHOICE = "choice"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Question(Declared):
    """A question of a questionnaire (S3.13); it must be answered unless it is `optional`.

    A scale is answered by a whole number `from` one end `to` the other, 1 to 5 unless it says so. A choice has
    `options`.
    """

    code: Annotated[str, HIDDEN]
    title: Text
    type: Annotated[AnswerType, choice(AnswerType)]
    optional: Flag = False
    least: Annotated[Number, Field(alias="from")] = 1
    most: Annotated[Number, Field(alias="to")] = 5
    options: Annotated[Mapping[str, Text], CODES] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a scale without steps, and options of anything but a choice."""
        if self.least >= self.most:
            raise WrongPartError("no_scale", "a scale rises: 'from' is less than 'to'")
        if (self.type is AnswerType.CHOICE) != bool(self.options):
            raise WrongPartError("choice_options", "a choice, and nothing else, has 'options'")


@dataclass(frozen=True, slots=True)
class Questionnaire(Declared):
    """Questions that are answered together, as one field of an outcome."""

    code: Annotated[str, HIDDEN]
    title: Text
    questions: Annotated[Mapping[str, Question], CODED]


@dataclass(frozen=True, slots=True)
class FieldSpec(Declared):
    """A field of an outcome that the operator fills in (S0.6); a bare word is its type.

    It must be filled in unless it is `optional`. `of`: the directories whose codes a choice offers. `future`: a
    date or moment may not be past. `at_least` and `at_most` limit numbers and money. `required_when` and
    `forbidden_when` name problems of the same outcome. A person is the id of an operator of the desk, to whom a
    task may be given. A document has a `title`, a `url` and mostly a `number`. A questionnaire names which.
    Texts, phones, documents and answers are personal: no message or event has them.
    """

    code: Annotated[str, HIDDEN]
    type: Annotated[FieldType, choice(FieldType)]
    title: Text | None = None
    optional: Flag = False
    of: Annotated[tuple[str, ...], refs("problem")] = ()
    future: Flag = False
    at_least: Number | None = None
    at_most: Number | None = None
    required_when: Annotated[tuple[str, ...], refs("problem")] = ()
    forbidden_when: Annotated[tuple[str, ...], refs("problem")] = ()
    questionnaire: Annotated[str, ref("questionnaire")] | None = None

    def __post_init__(self) -> None:
        """Refuse what does not belong to the type."""
        if (self.type is FieldType.CHOICE) != bool(self.of):
            raise WrongPartError("choice_of", "a choice, and nothing else, says 'of' which directory")
        if (self.type is FieldType.QUESTIONNAIRE) != (self.questionnaire is not None):
            raise WrongPartError("which_questions", "a questionnaire, and nothing else, names its 'questionnaire'")
        if self.future and self.type not in (FieldType.DATE, FieldType.MOMENT):
            raise WrongPartError("no_time", "'future' belongs to a date or a moment")
        limited = self.at_least is not None or self.at_most is not None
        if limited and self.type not in (FieldType.NUMBER, FieldType.MONEY):
            raise WrongPartError("no_number", "'at_least' and 'at_most' belong to a number or to money")
        if self.required_when and not self.optional:
            raise WrongPartError("always_required", "'required_when' belongs to an optional field")
