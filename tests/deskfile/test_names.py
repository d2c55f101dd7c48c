"""Names that no part of the desk has are refused with their places and the nearest ones."""

from collections.abc import Mapping

import pytest

from libs.common.deskfile.names import wrong_names
from libs.common.deskfile.services import Answer, without


def answers(**before: object) -> Mapping[str, Answer]:
    """What the services say of a desk that has nothing but `before` at notifications."""
    owners = ("tasks", "assignment", "notifications", "intake")
    return {name: Answer(dict(before) if name == "notifications" else {}, (), "", {"uses": []}) for name in owners}


@pytest.mark.req("U16")
@pytest.mark.parametrize(
    ("document", "before", "found"),
    [
        ({"channels": {"main": {}}}, {}, []),
        ({"channels": {"mian": {}}}, {}, ["the desk has no channel 'main'; it has mian"]),
        ({"channels": {}}, {"channels": {"main": {}}}, ["the desk has no channel 'main'"]),
        ({}, {"channels": {"main": {}}}, []),
    ],
)
def test_a_source_names_a_channel_of_the_desk(
    document: dict[str, object], before: dict[str, object], found: list[str]
) -> None:
    sources = {"sources": {"site": {"channel": "main"}}}
    refused = list(wrong_names({**document, **sources}, answers(**before)))
    assert [one.detail for one in refused] == found
    assert {one.at for one in refused} <= {"/sources/site/channel"}


PLACES = {"/bodies/ru": ["order_number", "ordr_number"], "/variants/sms/bodies/en": ["q"]}
USE = {"kind": "template", "name": "ready", "playbook": "shop", "path": "/messages/ready/template"}


def test_a_placeholder_that_no_message_fills_in_is_named_with_those_like_it() -> None:
    said: dict[str, dict[str, object]] = {"tasks": {"uses": [{**USE, "fills": ["order_number"]}]},
            "notifications": {"placeholders": {"ready": PLACES}}}  # fmt: skip
    plans = {service: Answer({}, (), "", said.get(service, {})) for service in ("tasks", "notifications")}
    assert {one.at: one.detail for one in wrong_names({"templates": {"ready": {}}}, plans)} == {
        "/templates/ready/bodies/ru": "playbook 'shop' fills in no {ordr_number}; it fills in order_number",
        "/templates/ready/variants/sms/bodies/en": "playbook 'shop' fills in no {q}; it fills in order_number",
    }


def test_what_a_service_alone_knows_that_refused_its_part_is_not_judged() -> None:
    document: dict[str, object] = {"sources": {"site": {"channel": "main", "playbook": "shop"}}}
    assert list(wrong_names(document, {})) == []


WHOLE: dict[str, object] = {
    "title": {"ru": "Д"}, "zone": "?", "calendar": [{}], "pools": {"a/b": {}, "c": 1},
    "templates": {"x": {"bodies": {"ru": "{", "en": "y"}}, "y": {}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("faulty", "name", "left"),
    [
        ("/templates/x/bodies/ru", "templates", {"x": {"bodies": {"en": "y"}}, "y": {}}),
        ("/templates/x", "templates", {"y": {}}),
        ("/pools/a~1b/title", "pools", {"a/b": {"title": {"ru": "–", "en": "–"}}, "c": 1}),
        ("/zone", "zone", "UTC"),
        ("/calendar/0/opens", "calendar", None),
        ("", "zone", "?"),
        ("/templates/none", "templates", WHOLE["templates"]),
    ],
)
def test_what_is_refused_is_left_out_so_that_the_rest_is_judged(faulty: str, name: str, left: object) -> None:
    assert without(WHOLE, [faulty]).get(name) == left
