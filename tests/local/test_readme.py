"""README says what the code says, on one screen; what it runs is run by test_guides.py."""

from deploy.readme import README, SETTINGS, with_commands, with_settings

SCREEN = 60  # lines


def test_the_table_of_settings_is_the_models_own() -> None:
    text = SETTINGS.read_text()
    assert with_settings(text) == text, "run `make contracts`"


def test_the_first_commands_are_those_that_make_run_prints() -> None:
    text = README.read_text()
    assert with_commands(text) == text, "run `make contracts`"


def test_the_two_commands_stand_first() -> None:
    block = README.read_text().split("```")[1]
    assert [line.split("#")[0].strip() for line in block.strip().splitlines()] == ["make run", "make test"]


def test_it_stays_one_screen() -> None:
    assert len(README.read_text().splitlines()) <= SCREEN
