"""What is said of faults, in the caller's language."""

from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from libs.common.contracts.shared import Language
from libs.common.platform.http.faults import validation_problem
from libs.common.platform.http.problems import Fault
from libs.common.platform.http.wire import WrongValueError


def _zone(_: str) -> str:
    raise WrongValueError("такого часового пояса нет", "no such time zone")


class Desk(BaseModel):
    zone: Annotated[str, AfterValidator(_zone)] = ""
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = (Language.RU,)


def faults(body: dict[str, object], language: Language) -> list[Fault]:
    with pytest.raises(ValidationError) as refused:
        Desk.model_validate(body)
    return list(validation_problem(refused.value.errors(), language, body).errors)


@pytest.mark.req("U33")
@pytest.mark.parametrize(
    ("language", "detail"), [(Language.RU, "такого часового пояса нет"), (Language.EN, "no such time zone")]
)
def test_our_own_validators_speak_the_callers_language(language: Language, detail: str) -> None:
    assert [fault.detail for fault in faults({"zone": "Mars"}, language)] == [detail]


@pytest.mark.req("U33")
@pytest.mark.parametrize(
    ("language", "detail"), [(Language.RU, "одно из: 'ru' или 'en'"), (Language.EN, "Input should be 'ru' or 'en'")]
)
def test_a_list_with_a_wrong_item_is_not_called_too_short(language: Language, detail: str) -> None:
    found = faults({"languages": ["de"]}, language)
    assert [(fault.pointer, fault.detail) for fault in found] == [("/languages/0", detail)]


@pytest.mark.req("U33")
def test_a_list_that_is_too_short_is_called_so() -> None:
    assert [(fault.pointer, fault.code) for fault in faults({"languages": []}, Language.EN)] == [
        ("/languages", "too_short")
    ]
