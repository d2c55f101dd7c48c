"""A playbook drawn: cards that do not overlap, an arrow for each way, and nothing but a picture (P.4)."""

import re
from itertools import combinations
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

from services.tasks.playbooks.diagram import ENDED, Card, Shape, Way, cards
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.svg import layers, svg
from tests.tasks.story import small
from tests.tasks.support import CALLBACK, FREE, SCHOOL, VOCABULARY

SVG = "{http://www.w3.org/2000/svg}"
SERVICE = parse(Path("tests/tasks/car_service.yaml").read_text(encoding="utf-8"), VOCABULARY)
PLAYBOOKS = [SCHOOL, CALLBACK, FREE, SERVICE, *(small(Random(seed)) for seed in range(10))]  # noqa: S311 - repeatable


def drawn(playbook: Playbook) -> ElementTree.Element:
    return ElementTree.fromstring(svg(cards(playbook, "ru"), playbook.code))  # noqa: S314 - our own


def boxes(root: ElementTree.Element) -> list[tuple[float, float, float, float]]:
    """The left, upper, right and lower end of each card."""
    found = [
        {name: float(rect.get(name, "")) for name in ("x", "y", "width", "height")}
        for rect in root.iter(f"{SVG}rect")
    ]
    return [(each["x"], each["y"], each["x"] + each["width"], each["y"] + each["height"]) for each in found]


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_card_is_drawn_and_none_lies_on_another(playbook: Playbook) -> None:
    found = boxes(drawn(playbook))
    assert len(found) == len(cards(playbook, "ru")) - 1  # the end is no card
    for one, other in combinations(found, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_arrow_ends_at_the_side_of_a_card(playbook: Playbook) -> None:
    root = drawn(playbook)
    arrows = [found for path in root.iter(f"{SVG}path") if " C " in (found := path.get("d", ""))]
    ends = [re.findall(r"-?\d+ -?\d+", arrow)[3] for arrow in arrows]
    targets = [target for card in cards(playbook, "ru") for way in card.ways for target in way.targets]
    assert len(ends) == len([target for target in targets if target != ENDED.id])
    for x, y in (map(float, end.split()) for end in ends):
        assert any(x in (left, right) and upper <= y <= lower for left, upper, right, lower in boxes(root))


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_the_whole_picture_lies_within_its_frame(playbook: Playbook) -> None:
    root = drawn(playbook)
    frame = float(root.get("width", "")), float(root.get("height", ""))
    assert all(right <= frame[0] and lower <= frame[1] for _, _, right, lower in boxes(root))


def test_each_way_has_the_colour_of_its_result() -> None:
    text = svg(cards(SCHOOL, "en"), "school")
    assert 'fill="#c62828">Refused' in text
    assert 'fill="#2e7d32">Link sent' in text


def test_words_of_a_playbook_are_only_words() -> None:
    nasty = Card("a", "<script>&</script>", Shape.TRIGGER, (Way("\"'><b>" * 20, ("a",)),))
    texts = [element.text for element in ElementTree.fromstring(svg([nasty], "]]>")).iter()]  # noqa: S314 - our own
    assert "<script>&</script>" in texts


def test_cards_stand_by_their_distance_from_the_start() -> None:
    found = [[card.id for card in layer] for layer in layers(cards(SERVICE, "en"))]
    assert found[0] == ["on_lead_received", "on_contact_recorded"]
    assert found[1] == ["identify"]
