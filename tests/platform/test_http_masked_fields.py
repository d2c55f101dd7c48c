"""No answer to an operator or a partner has a number, an address or a name of a customer by an oversight (P.7).

Each field that is named like one stands here: it is masked, or there is a reason why not.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from deploy.documents.made import MERGED, committed

pytestmark = pytest.mark.req("P.7")

Json = dict[str, Any]  # a document is read as it is
WHOLE: Json = committed(MERGED)
SCHEMAS: Json = WHOLE["components"]["schemas"]
NAMED = re.compile(
    r"phone|mail|identit|known_by|address|^(full_)?name$|^(to_)?number$|^values?$|_value$|^person$|^parts$"
    r"|^text$|^fields$|^facts$|^comment$|^pinned_comment$|^remarks$|^marketing$"
)

#: Masked where a desk says so: tests/{intake,tasks,notifications}/test_masking.py, and all of them in tests/roles.
MASKED = frozenset(
    {
        "CallView.to_number",
        "ContactView.person",
        "Conversation.known_by",
        "Customer.email",
        "Customer.identities",
        "Customer.phone",
        "Customer.phone_raw",
        "CustomerItem.identities",
        "CustomerOut.phone",
        "CustomerOut.phone_raw",
        "CustomerView.identities",
        "HistoryView.from_value",
        "HistoryView.to_value",
        "Identity.value",
        "IdentityChangeView.value",
        "IdentityView.value",
        "LeadDetail.person",
        "LeadView.person",
        "Message.address",
        "MessageValues.values",
        "MessageWithAttempts.address",
        "ReceivedMessage.known_by",
        "RefundView.email",
        "RefundView.phone",
        "ScriptOut.text",  # of its placeholders those that are numbers
        "TaskCustomer.phone",
        "TaskCustomer.phone_raw",
        "TaskOut.fields",  # of what an outcome brought those that are numbers
    }
)
_NAME = "by a name nobody is reached, and an operator greets by it"
_STAFF = "of the staff"
_WORDS = "words of people, searched for by an erasure alone: to leave out a number would change what was said"
_OURS = "made by the desk or by us, of no customer"
_COUNT = "it counts"
_PARTNER = "of a partner, who is no customer"
SHOWN: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "Conversation.name", "Customer.name", "CustomerItem.name", "CustomerOut.name", "CustomerView.name",
            "ReceivedMessage.name", "RefundView.full_name", "TaskCustomer.name",
        ),
        _NAME,
    ),
    **dict.fromkeys(("Colleague.name", "MeView.name", "OperatorView.name", "SwapView.comment"), _STAFF),
    **dict.fromkeys(
        (
            "ConversationMessage.text", "FeedItem.text", "LastMessage.text", "LeadDetail.pinned_comment",
            "LeadView.pinned_comment", "Message.parts", "Message.text", "MessageWithAttempts.parts",
            "MessageWithAttempts.text", "OrderView.remarks", "ReceivedMessage.text", "TaskOut.comment",
            "TaskOut.text",
        ),
        _WORDS,
    ),
    **dict.fromkeys(
        (
            "DocumentOut.number", "FieldOut.name", "FilterOut.name", "Message.marketing", "MessageFile.name",
            "MessageWithAttempts.marketing", "MissingOut.name", "OutcomeOut.fields", "PayTableOut.parts",
            "Registered.marketing", "Registered.name", "Registration.name", "Variant.marketing", "WhyOut.text",
        ),
        _OURS,
    ),
    **dict.fromkeys(("Attempt.number", "LatenessView.number", "PassedRung.number"), _COUNT),
    **dict.fromkeys(("PartnerView.address", "PartnerView.person", "RingOut.name", "RingOut.phone"), _PARTNER),
    "CallerOut.number": "it is what the caller has asked for",
    "LeadDetail.marketing": "labels of the page that brought the lead",
    "LeadView.marketing": "labels of the page that brought the lead",
    "StepOut.facts": "no fact of a timeline is of a person: tests/tasks/test_catalogue.py",
}  # fmt: skip
#: Answers that no schema describes: pictures, and the streams, whose events are in the document as well.
OF_NO_SCHEMA = {"draw_playbook_svg"}


def operations() -> Iterator[Json]:
    """Yield the operations that are answered to who does not see whole desks."""
    for item in WHOLE["paths"].values():
        for said in item.values():
            if {"operator", "partner"} & set(said.get("x-scopes", ())):
                yield said


def answers(said: Json) -> Iterator[tuple[str, Json]]:
    """Yield what an operation answers when it succeeds, by media type."""
    for code, answer in said["responses"].items():
        if code.startswith("2"):
            yield from answer.get("content", {}).items()


def schemas_of(part: object, found: set[str]) -> set[str]:
    """Return the schemas that a part of the document names, and those that these name."""
    if isinstance(part, dict):
        name = str(part.get("$ref", "")).partition("/schemas/")[2]
        if name and name not in found:
            found.add(name)
            schemas_of(SCHEMAS[name], found)
        for each in part.values():
            schemas_of(each, found)
    if isinstance(part, list):
        for each in part:
            schemas_of(each, found)
    return found


def found() -> Mapping[str, set[str]]:
    """Return the fields that are named like personal data, each with the operations that show it."""
    shown: dict[str, set[str]] = defaultdict(set)
    for said in operations():
        for _, answer in answers(said):
            for name in schemas_of(answer, set()):
                for field in SCHEMAS[name].get("properties", {}):
                    if NAMED.search(field):
                        shown[f"{name}.{field}"].add(said["operationId"])
    return shown


def test_every_field_that_is_named_like_a_customers_is_masked_or_has_its_reason() -> None:
    shown = found()
    assert {name: sorted(by) for name, by in shown.items() if name not in MASKED | SHOWN.keys()} == {}


def test_no_field_stands_here_that_no_answer_has_or_that_is_both() -> None:
    assert (MASKED | SHOWN.keys()) - found().keys() == set()
    assert MASKED & SHOWN.keys() == set()


def test_what_is_answered_without_a_schema_is_for_who_sees_whole_desks() -> None:
    without = {
        said["operationId"] for said in operations() for _, answer in answers(said) if not answer.get("schema")
    }
    streams = {said["operationId"] for said in operations() if "text/event-stream" in dict(answers(said))}
    assert without - streams == OF_NO_SCHEMA
