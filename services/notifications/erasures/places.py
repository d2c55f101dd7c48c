"""Where notifications keeps personal data of customers, how it is emptied, and which columns have none (P.7).

What keeps its row is what the desk counts by: templates, channels, states. A test holds these lists against the
schema. A refusal of advertisements goes with its address: no address is left that could be written to.
"""

from collections.abc import Mapping, Sequence

from libs.common.platform.erasure.places import (
    COMMON,
    OF_LEADS,
    THEIRS,
    Place,
    Waiting,
    mentioned,
    mentioned_bytes,
)
from libs.common.platform.erasure.retention import Aged
from services.notifications.erasures.store import ERASED, NAME_OF_REPORT, NO_NAME, erased, name_of
from services.notifications.media.store import FORGOTTEN

_MESSAGES = f"message_id = ANY(ARRAY(SELECT id FROM message WHERE {THEIRS}))"  # noqa: S608 - a constant
# Of a customer who is not known yet, by the address of the chat alone.
_UNKNOWN = f"customer_id IS NULL AND {mentioned('known_by::text')}"


def _known_again(name: str) -> str:
    """Return the condition that a callback came again and stands under its name already.

    It comes between the renaming of its message and its own; or the release before stores it anew, unaware.
    """
    same = "(b.kind, b.status, b.at) = (callback.kind, callback.status, callback.at)"
    return (
        "EXISTS (SELECT FROM callback b WHERE b.channel_id = callback.channel_id"
        f" AND b.provider_message_id = {name} AND {same})"
    )


_RECEIVED_AGAIN = (
    "EXISTS (SELECT FROM received_message b WHERE b.channel_id = received_message.channel_id"
    f" AND b.external_id = {name_of('received_message.external_id')})"
)
_RECEIVED = {
    "external_id": erased("external_id", _RECEIVED_AGAIN),
    "known_by": "'[]'",
    **dict.fromkeys(("name", "text", "button", "media", "reply_to"), "NULL"),
}
_NO_PERSON = {"payload": "'{}'", **dict.fromkeys(("address", "sender", "text"), "NULL")}
_CAME_AGAIN = _known_again(name_of("callback.provider_message_id"))
_REPORT = {
    "provider_message_id": erased("provider_message_id", _CAME_AGAIN),
    # The one that came again says it of its message.
    "reference": f"CASE WHEN {_CAME_AGAIN} THEN NULL ELSE {erased('reference')} END",
    **_NO_PERSON,
}
_LATE_NAME = f"CASE WHEN {_known_again(NAME_OF_REPORT)} THEN {NO_NAME} ELSE {NAME_OF_REPORT} END"
# Not a customer's erasure but the age of what was reported of all: no report of it is late any more.
_AGED_NAME = (
    f"CASE WHEN starts_with(provider_message_id, '{ERASED}') THEN provider_message_id ELSE '{ERASED}' || id END"
)
_ATTEMPT = {
    "provider_message_id": erased("provider_message_id"),
    "reference": erased("reference"),
    "address": "''",
    "detail": "NULL",
    "ask_at": "NULL",
    "code": "CASE WHEN state IN ('pending', 'held') THEN 'erased' ELSE code END",
    "offered_at": "CASE WHEN state IN ('pending', 'held') THEN NULL ELSE offered_at END",
    "state": "CASE WHEN state IN ('pending', 'held') THEN 'refused' ELSE state END",
}
_WRITTEN = "SELECT id FROM received_message WHERE"

PLACES: tuple[Place | Waiting, ...] = (
    # A provider that has it now is let finish; what has not left by now does not leave.
    Place("attempt", _MESSAGES, _ATTEMPT),
    # Their answers bring the provider's id, and what it says of the address. A lease ends them in any case.
    Waiting(
        "attempt",
        (),
        f"state = 'sending' AND due_at > clock_timestamp() AND {_MESSAGES}",
        name="calls under way",
    ),
    Place("attempt", _MESSAGES, _ATTEMPT, name="attempts that were under way"),
    Place(
        "callback",
        f"state = 'new' AND {NAME_OF_REPORT} IS NOT NULL",
        {**_REPORT, "provider_message_id": _LATE_NAME},
        name="reports that were under way",
    ),
    Place(
        "callback",
        mentioned("payload::text", "address", "sender", "text", "provider_message_id"),
        _REPORT,
        walk="bigint",
        among="message_id IS NULL",
        name="callbacks that name them",
    ),
    Place("callback", _MESSAGES, _REPORT),
    Place("unreadable", mentioned_bytes("raw"), walk="bigint"),
    Place(
        "feed_item",
        OF_LEADS,
        {"person": "NULL", "zone": "NULL", "title": """'{"ru": "—", "en": "—"}'"""},
    ),
    Place("push", "(payload->>'lead_id')::uuid = ANY(:leads)"),  # of seven days
    Place("media", f"state <> 'gone' AND message_id = ANY(ARRAY({_WRITTEN} {THEIRS}))", FORGOTTEN),
    Place(
        "media",
        f"state <> 'gone' AND message_id = ANY(ARRAY({_WRITTEN} {_UNKNOWN}))",
        FORGOTTEN,
        name="files of whom is not known",
    ),
    Place(
        "received_message",
        THEIRS,
        _RECEIVED,
    ),
    Place("received_message", _UNKNOWN, _RECEIVED, name="messages of whom is not known"),
    Place("thread", f"(id = ANY(:customers) OR {OF_LEADS})"),
    Place("thread", _UNKNOWN, name="threads of whom is not known"),
    Place("address", "desk = :desk AND address = ANY(:exact)"),
    Place("conversation", "desk = :desk AND address = ANY(:exact)"),
    Place(
        "message",
        THEIRS,
        {
            **dict.fromkeys(("address", "text"), "''"),
            **dict.fromkeys(("parts", "detail", "asked", "night"), "NULL"),
            **dict.fromkeys(("ahead", "passed"), "'[]'"),
            "code": "CASE WHEN state = 'pending' THEN 'erased' ELSE code END",
            "state": "CASE WHEN state = 'pending' THEN 'failed' ELSE state END",
        },
    ),
    Place("bulk_action", mentioned("comment", "filter::text"), {"comment": "'—'", "filter": "'{}'"}),
    *COMMON,
)

#: What goes with age, by the kind that a desk sets days for.
AGED: Mapping[str, Sequence[Aged]] = {
    "messages": (
        Aged(
            Place(
                "message",
                "state <> 'pending'",
                {"text": "''", "parts": "NULL", "ahead": "'[]'", "asked": "NULL"},
                walk="uuid",
            ),
            "requested_at",
        ),
        Aged(
            Place("received_message", "true", dict.fromkeys(("text", "button", "media"), "NULL"), walk="uuid"),
            "received_at",
        ),
        Aged(Place("media", "state <> 'gone'", FORGOTTEN, walk="uuid"), "received_at"),
    ),
    "callbacks": (
        Aged(
            Place(
                "callback",
                "state <> 'new'",
                {"provider_message_id": _AGED_NAME, "reference": "NULL", **_NO_PERSON},
                walk="bigint",
            ),
            "received_at",
        ),
    ),
}

NOT_PERSONAL: Mapping[str, str] = {
    "attempt": "desk",
    "attention": "desk kind ref",
    "audit": "desks caller role scope operation whose",  # who looked at whose data stays; it has none
    "bulk_action": "desk action state planned_by applied_by undone_by",
    "bulk_member": "desk purpose template channel state note",
    "callback": "desk kind status progress code state",
    "channel": "desk code kind provider config secrets api_key account provider_channel_id hook_key stop_words"
    " free_text_roles halted_code",
    "edit": "resource caller operation fields",
    "erased": "kind desk",
    "erasure": "desk person state place walked counts traceparent",  # `person` goes with the last step
    "feed": "desk",
    "feed_item": "desk kind order_number",  # the number is ours
    "forgotten_key": "key",  # of digests that stand for what is erased, destroyed within days
    "idempotency": "scope key fingerprint",  # a day: a repeat must find its key, or its call is made again
    "consent": "desk closed",
    "lead_operator": "desk",
    "masking": "desk",
    "media": "desk kind",
    "merged_customer": "desk",
    "merged_lead": "desk",
    "message": "desk dedupe_key key author purpose template language channel provider published traceparent"
    " withdrawn_by resent_by",
    "operator": "desk subject name department heads",  # of the staff
    "outbox": "type desk traceparent",
    "pace": "account",
    "parked": "topic type desk error_type waits_for",
    "poll": "name desk kind cursor code",
    "push_subscription": "desk kind code endpoint p256dh auth sealed language account halted_code",  # of the staff
    "received_message": "desk direction content",
    "registration": "desk name language state reason",
    "retention": "desk kind walked changed_by",
    "saved_filter": "desk owner list",
    "sending": "desk doubt",
    "stream_ticket": "digest subject roles desks",
    "template": "desk code bodies variants situation types state proposed_by approved_by retired_by department",
    "withdrawal": "desk dedupe_key",
}
