"""Settings that contradict each other are refused at the start."""

import pytest
from pydantic import ValidationError

from services.notifications.settings import NotificationsSettings
from tests.notifications.support import settings


def test_the_defaults_fit_together() -> None:
    url = "postgresql://unused@127.0.0.1/unused"
    assert NotificationsSettings.model_validate({"postgres_url": url}).repeat.total_seconds() == 45


@pytest.mark.parametrize(
    "change",
    [
        {"send_timeout": 8.0, "send_lease": 8.0},
        {"send_timeout": 9.0, "send_lease": 8.0},
        {"repeat_window": 45.0, "send_lease": 15.0},
    ],
)
def test_a_lease_within_a_call_or_beyond_the_providers_memory_is_refused(
    change: dict[str, float],
) -> None:
    with pytest.raises(ValidationError, match="send_lease"):
        settings("http://127.0.0.1:9", **change)
