"""A slice has the same file names in every service; what stands beside them is listed here with its reason."""

from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

STANDARD = {
    "__init__",
    "actions",
    "api",
    "convert",
    "queries",
    "rules",
    "schemas",
    "store",
    "tables",
    "worker",
}
# Folders of a service that are no slices.
NO_SLICES = {
    "migrations": "alembic's own names",
    "formats": "adapters of intake: one file per format of a source",
    "providers": "adapters of notifications: one file per provider",
    "engine": "the interpreter of playbooks in tasks: pure modules by subject, no API and no tables",
}
# `<service>/<slice>/<module>`: why it stands beside the standard names.
EXCEPTIONS = {
    "intake/deliveries/backfill": "statements after the accepting one, for few deliveries; store.py holds that one",
    "intake/deliveries/batch": "the queue that stores deliveries together",
    "intake/deliveries/events": "the fields of events that SQL writes (docs/adr/0005)",
    "intake/deliveries/parts": "a delivery of several parts; actions.py stores one order, or the raw request",
    "intake/deliveries/first_order": "the lean statement for a new order of a new person",
    "intake/deliveries/same_content": "the check of content without an identifier that may have come before",
    "intake/deliveries/same_customer": "the check of an identifier that may belong to another customer by now",
    "intake/deliveries/same_number": "the check of an order that may be known by its number already",
    "intake/deliveries/webhook": "a plain ASGI route, faster than one of api.py",
    "assignment/erasures/places": "where personal data is kept, and which columns have none",
    "intake/erasures/places": "where personal data is kept, how it is emptied, and which columns have none",
    "intake/erasures/export": "what of each table is a customer's",
    "notifications/erasures/places": "where personal data is kept, how it is emptied, and which columns have none",
    "notifications/erasures/export": "what of each table is a customer's",
    "tasks/erasures/places": "where personal data is kept, how it is emptied, and which columns have none",
    "tasks/erasures/export": "what of each table is a customer's",
    "intake/leads/exports": "leads and their orders as a table",
    "intake/leads/search": "what a free text finds",
    "intake/placements/adding": "orders of leads that are there; actions.py makes those of new ones",
    "intake/placements/sender": "what commands to schools have in common",
    "intake/schools/webhooks": "the poll that subscribes to a school's webhooks; worker.py checks its orders",
    "intake/recordings/player": "a plain ASGI route: a player sends no token, sound is passed on in parts",
    "intake/sources/cache": "sources in the process's memory",
    "tasks/attention/kinds": "what waits for a person at tasks",
    "tasks/calls/proofs": "whether telephony knows of the call that an outcome claims",
    "tasks/desks/readiness": "what a desk still needs before leads can be worked",
    "tasks/live/hub": "connected browsers of the process",
    "tasks/numbers/__main__": "the command that makes the rollups anew",
    "tasks/numbers/exports": "reports as tables",
    "tasks/numbers/pay": "rules of what a conversion pays",
    "tasks/numbers/periods": "rules of days and months",
    "tasks/tasks/customers": "whose the tasks of a page are, for who may see them",
    "tasks/processes/dealings": "a lead's money, access and appointment as they are stored",
    "tasks/processes/beside": "what processes are decided on besides their own rows",
    "tasks/processes/surroundings": "what a batch reads before it knows its processes",
    "tasks/queues/cache": "the queues of versions in use, each list made once",
    "tasks/playbooks/dealings": "the language of playbooks: steps that ask about money and access",
    "tasks/playbooks/asked": "checks of what a playbook asks of intake",
    "tasks/playbooks/asks": "the language of playbooks: steps that ask intake, and those that hurry or move",
    "tasks/playbooks/builtin": "playbooks that every desk has",
    "tasks/playbooks/cache": "playbooks in the process's memory",
    "tasks/playbooks/conditions": "the language of playbooks: when a rule holds",
    "tasks/playbooks/diagram": "a playbook as cards and arrows, and as Mermaid",
    "tasks/playbooks/svg": "a playbook as a picture",
    "tasks/playbooks/durations": "the language of playbooks",
    "tasks/playbooks/expand": "the language of playbooks: what is said once and used often",
    "tasks/playbooks/faults": "the language of playbooks: what is wrong with one",
    "tasks/playbooks/keeps": "the language of playbooks: what a process counts, charges and links",
    "tasks/playbooks/limits": "the language of playbooks: what is compared, and with what",
    "tasks/playbooks/measures": "checks of what conditions compare, and of whom they ask",
    "tasks/playbooks/fields": "the language of playbooks: what is filled in with an outcome",
    "tasks/playbooks/messages": "the language of playbooks: what is sent, and to whom",
    "tasks/playbooks/stored": "texts that an earlier release stored",
    "tasks/playbooks/standing": "names that a playbook leaves to others, against those of a desk",
    "tasks/playbooks/sheets": "the language of playbooks: call sheets",
    "tasks/playbooks/gaps": "checks of lanes",
    "tasks/playbooks/lanes": "the language of playbooks: queues and their order",
    "tasks/playbooks/reach": "checks of what is reachable",
    "tasks/playbooks/successors": "checks of twins, addressees, closings and choices",
    "tasks/playbooks/twins": "the language of playbooks: types beside those that name them",
    "tasks/playbooks/grammar": "the language of playbooks",
    "tasks/playbooks/buyers": "whether a missed call of a buyer is returned and the sale stands",
    "tasks/playbooks/replies": "which tasks a reply ends",
    "tasks/playbooks/heard": "checks of what a playbook hears",
    "tasks/playbooks/model": "the language of playbooks",
    "tasks/playbooks/source": "the language of playbooks: YAML with line numbers",
    "tasks/playbooks/reference": "the language of playbooks: its JSON Schema and reference, generated",
    "tasks/playbooks/terms": "the language of playbooks: moments, titles, triggers",
    "tasks/playbooks/verbs": "the language of playbooks: steps and rules",
    "tasks/playbooks/walk": "walks over the parts of a playbook, shared by its checks and its drawing",
    "tasks/playbooks/values": "the language of playbooks: the kinds of its values",
    "tasks/playbooks/vocabulary": "the language of playbooks",
    "tasks/playbooks/waiting": "leads that wait for a playbook, released at its activation",
    "tasks/processes/batch": "the processes that one transaction works on",
    "tasks/processes/publish": "effects of the engine as events",
    "tasks/timeline/catalogue": "the titles of events",
    "tasks/timeline/texts": "texts in both languages",
    "tasks/timeline/waiting": "parked events in the timeline",
    "assignment/configuration/absences": "a part of a document that is compared by what it says, not by codes",
    "assignment/decisions/texts": "texts in both languages",
    "assignment/schedule/board": "a month by person and day",
    "assignment/shifts/handover": "what a check-out waits for",
    "tasks/moves/handover": "what goes to an heir at the end of a shift",
    "assignment/offers/snapshot": "all of a pool that one transaction decides on",
    "notifications/channels/cache": "adapters in the process's memory",
    "notifications/delivery/sender": "attempts: claim, call outside a transaction, settle",
    "notifications/feed/hub": "connected browsers of the process",
    "notifications/webhooks/batch": "the queue that stores callbacks together",
}


def modules() -> set[str]:
    """Return the modules of all slices without the standard ones, as `<service>/<slice>/<module>`."""
    paths = (path.relative_to(ROOT / "services").with_suffix("") for path in ROOT.glob("services/*/*/*.py"))
    return {path.as_posix() for path in paths if not is_standard(path)}


def is_standard(path: Path) -> bool:
    return path.name in STANDARD or path.parts[1] in NO_SLICES


def test_a_slice_has_standard_names_or_named_exceptions() -> None:
    assert modules() - EXCEPTIONS.keys() == set()


def test_every_exception_exists() -> None:
    assert EXCEPTIONS.keys() - modules() == set()


@pytest.mark.parametrize(
    ("path", "standard"),
    [
        ("intake/leads/queries", True),
        ("intake/formats/getcourse", True),
        ("intake/leads/helpers", False),
    ],
)
def test_the_check_sees_a_name_of_its_own(path: str, standard: bool) -> None:
    assert is_standard(Path(path)) is standard
