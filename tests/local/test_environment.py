"""The variables that the stack takes from its caller's environment."""

import pytest

from deploy.local.environment import take_choices
from deploy.local.process import LocalStackError


@pytest.mark.parametrize(
    "name", ["POSTGRES_URL", "POSTGRES_PASSWORD_FILE", "JWT_AUDIENCE", "TASKS_TIMER_BATCH", "INTAKE_UNHEARD_OF"]
)
def test_no_setting_of_the_callers_is_left_for_a_service_to_find(name: str) -> None:
    environ = {name: "postgresql://the-callers", "SSL_CERT_FILE": "/certificates.pem"}
    take_choices(environ)
    assert environ == {"SSL_CERT_FILE": "/certificates.pem"}


def test_what_a_person_may_choose_is_taken_and_what_is_empty_is_not_chosen() -> None:
    environ = {"LOG_LEVEL": "ERROR", "CORS_ORIGINS": "http://localhost:5173", "TOPIC_PREFIX": ""}
    assert take_choices(dict(environ)) == {name: value for name, value in environ.items() if value}


@pytest.mark.parametrize(
    ("name", "value"),
    [("POSTGRES_URL", "nonsense"), ("KAFKA_BOOTSTRAP", "nowhere"), ("LOG_LEVEL", "loud"), ("CORS_ORIGINS", "desk")],
)
def test_an_unusable_choice_is_named_without_its_value(name: str, value: str) -> None:
    with pytest.raises(LocalStackError, match=rf"^{name}: ") as raised:
        take_choices({name: value})
    assert value not in str(raised.value)
