"""Names of playbooks that are misspelt, and those that are on their way."""

import pytest

from libs.common.domain.slips import is_slip, nearest


@pytest.mark.parametrize("name", ["calback", "callbak", "callbcak", "callbackk", "callback-"])
def test_a_character_too_few_too_many_or_in_the_wrong_place_is_a_slip(name: str) -> None:
    assert is_slip(name, ("callback", "school"))
    assert nearest(name, ("callback", "school")) == ("callback",)


@pytest.mark.parametrize("name", ["callback2", "callback_v2", "callback_new", "school_en", "other", "c"])
def test_another_number_or_another_word_is_a_name_of_its_own(name: str) -> None:
    assert not is_slip(name, ("callback", "school"))


def test_of_a_desk_that_nothing_is_known_of_no_name_is_a_slip() -> None:
    assert (is_slip("callback", ()), nearest("callback", ())) == (False, ())
