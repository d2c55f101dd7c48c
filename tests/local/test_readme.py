"""README says what the code says."""

from deploy.readme import README, with_settings


def test_the_table_of_settings_is_the_models_own() -> None:
    text = README.read_text()
    assert with_settings(text) == text, "run `make contracts`"


def test_the_two_commands_stand_first() -> None:
    block = README.read_text().split("```")[1]
    assert [line.split("#")[0].strip() for line in block.strip().splitlines()] == ["make run", "make test"]
