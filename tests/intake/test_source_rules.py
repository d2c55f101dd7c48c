"""What a source is once its row is read: its map, its zone and which of its secrets authenticate."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from libs.common.contracts.shared import OrderStatus
from services.intake.formats.config import mapped_of
from services.intake.formats.rules import Mapped
from services.intake.sources.rules import Secret, current, is_zone, rotated

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
H = timedelta(hours=1)
LASTING, ENDING, OVER = Secret("1", "a"), Secret("2", "b", NOW + H), Secret("3", "c", NOW)


def test_a_map_is_made_ready_for_use() -> None:
    made = mapped_of("Asia/Omsk", "KZT", {"name": "who.name", "phone": ["tel", "who.tel"]}, {"Оплачен ": "paid"})
    assert made == Mapped(
        zone=ZoneInfo("Asia/Omsk"),
        currency="KZT",
        paths={
            "name": (("who.name",), ("who", "name")),
            "phone": (("tel",), ("who.tel",), ("who", "tel")),
        },
        statuses={"оплачен": OrderStatus.PAID},
    )


def test_an_unknown_status_cannot_be_mapped_to() -> None:
    with pytest.raises(ValueError, match="paied"):
        mapped_of("Asia/Omsk", "KZT", {}, {"Оплачен": "paied"})


@pytest.mark.parametrize(("name", "known"), [("Europe/Moscow", True), ("Europe/Moskau", False), ("", False)])
def test_a_zone_is_one_of_the_worlds(name: str, known: bool) -> None:
    assert is_zone(name) is known


def test_a_secret_authenticates_until_its_last_moment() -> None:
    assert current((LASTING, ENDING, OVER), NOW) == (LASTING, ENDING)


def test_a_fresh_secret_is_first_and_those_before_it_end_with_the_grace() -> None:
    fresh = Secret("9", "z")
    kept = (replace(LASTING, valid_until=NOW + 2 * H), ENDING)
    assert rotated((LASTING, ENDING, OVER), fresh, NOW, NOW + 2 * H) == (fresh, *kept)


def test_a_rotation_never_lengthens_a_secret() -> None:
    assert rotated((ENDING,), LASTING, NOW, NOW + 2 * H)[1] == ENDING
