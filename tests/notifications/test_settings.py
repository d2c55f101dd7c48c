"""Settings that contradict each other are refused at the start."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from services.notifications.settings import NotificationsSettings
from tests.notifications.support import settings


def given(**changes: object) -> NotificationsSettings:
    return NotificationsSettings.model_validate({"postgres_url": "postgresql://u@127.0.0.1/u", **changes})


def test_the_defaults_fit_together() -> None:
    assert given().repeat.total_seconds() == 45


@pytest.mark.parametrize(
    "change",
    [
        {"send_timeout": 8.0, "send_lease": 8.0},
        {"send_timeout": 9.0, "send_lease": 8.0},
        {"repeat_window": 45.0, "send_lease": 15.0},
    ],
)
def test_a_lease_within_a_call_or_beyond_the_providers_memory_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="send_lease"):
        settings("http://127.0.0.1:9", **change)


def test_a_provider_is_waited_for_as_it_needs_unless_the_settings_say_otherwise() -> None:
    found = [given(**change).policies["wazzup"].unknown_after for change in ({}, {"unknown_after": 30})]
    assert found == [timedelta(minutes=10), timedelta(seconds=30)]


def test_stand_ins_have_an_address_each() -> None:
    assert [given(**change).standins for change in ({}, {"standins_url": "http://s:1"})] == [None, "http://s:1/"]


def test_what_is_no_place_cannot_be_allowed() -> None:
    with pytest.raises(ValidationError, match="host:port"):
        given(egress_allow="standins")
