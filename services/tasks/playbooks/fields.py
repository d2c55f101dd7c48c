"""The language of playbooks: what an operator fills in with an outcome."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias

from services.tasks.playbooks.faults import WrongPartError
from services.tasks.playbooks.terms import Text
from services.tasks.playbooks.values import HIDDEN, Declared, Flag, Number, choice, refs


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


#: A field's value as it is stored: canonical text, or a flag.
FieldValue: TypeAlias = str | bool


@dataclass(frozen=True, slots=True)
class FieldSpec(Declared):
    """A field of an outcome that the operator fills in (S0.6); a bare word is its type.

    It must be filled in unless it is `optional`. `of`: the directories whose codes a choice offers. `future`: a
    date or moment may not be past. `at_least` and `at_most` limit numbers and money. `required_when` and
    `forbidden_when` name problems of the same outcome. A person is the id of an operator of the desk, to whom a
    task may be given. Texts and phones are personal: no message or event has them.
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

    def __post_init__(self) -> None:
        """Refuse what does not belong to the type."""
        if (self.type is FieldType.CHOICE) != bool(self.of):
            raise WrongPartError("choice_of", "a choice, and nothing else, says 'of' which directory")
        if self.future and self.type not in (FieldType.DATE, FieldType.MOMENT):
            raise WrongPartError("no_time", "'future' belongs to a date or a moment")
        limited = self.at_least is not None or self.at_most is not None
        if limited and self.type not in (FieldType.NUMBER, FieldType.MONEY):
            raise WrongPartError("no_number", "'at_least' and 'at_most' belong to a number or to money")
        if self.required_when and not self.optional:
            raise WrongPartError("always_required", "'required_when' belongs to an optional field")
