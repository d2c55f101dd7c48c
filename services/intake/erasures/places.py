"""Where intake keeps personal data of customers, how it is emptied, and which columns have none (P.7).

What keeps its row is what the desk counts by: stages, sums, times. A test holds these lists against the schema.
"""

from collections.abc import Mapping, Sequence

from libs.common.platform.erasure.places import (
    ANSWER,
    COMMON,
    OF_CUSTOMERS,
    OF_LEADS,
    THEIRS,
    Place,
    Waiting,
    answers,
    mentioned,
    mentions,
    mentions_bytes,
    names_any,
    names_one,
)
from libs.common.platform.erasure.retention import Aged

_MERGES = "(winner_id = ANY(:customers || :leads) OR loser_id = ANY(:customers || :leads))"
# An exchange that has the number now is let finish: the row says who was called no longer.
_DELIVERY = {"query": "''", "headers": "'{}'", "body": "''", "notes": "'[]'", "webhook_id": "NULL"}
_CONTACT = {"person": "'{}'", "recording": "NULL", "external_id": "NULL"}
_IMPORTED = {"name": "'erased'", "external_id": "NULL", "key": "'erased ' || id"}
_NOT_CALLED = "state IN ('pending', 'held')"
_CALL = {
    "to_number": "'erased ' || id",
    **dict.fromkeys(("entry_id", "leg", "from_leg", "external_id", "detail"), "NULL"),
    "code": f"CASE WHEN {_NOT_CALLED} THEN 'erased' ELSE code END",
    "state": f"CASE WHEN {_NOT_CALLED} THEN 'refused' ELSE state END",
}

# Answers about these name their persons, and neither lead nor customer.
_THEIR_MERGES = f"SELECT merge_id FROM merge_member WHERE {_MERGES}"  # noqa: S608 - a constant
_THEIR_ORDERS = "SELECT id FROM sales_order WHERE lead_id = ANY(:leads)"
_OF_THEIRS = f"ANY(ARRAY({_THEIR_ORDERS} UNION ALL {_THEIR_MERGES}))"

_COMMAND = {
    **dict.fromkeys(("external_id", "detail"), "NULL"),
    "code": f"CASE WHEN {_NOT_CALLED} THEN 'erased' ELSE code END",
    "state": f"CASE WHEN {_NOT_CALLED} THEN 'refused' ELSE state END",
}

PLACES: tuple[Place | Waiting, ...] = (
    Place("customer", "id = ANY(:customers)", {"name": "NULL", "zone": "NULL", "last_external_id": "NULL"}),
    Place("customer_identity", OF_CUSTOMERS),
    Place("identity_change", OF_CUSTOMERS, {"value": "'erased'", "reason": "'erased'"}),
    Place(
        "identity_change",
        "desk = :desk AND value = ANY(:exact)",
        {"value": "'erased'", "reason": "'erased'"},
        name="changes of what was another's before",
    ),
    Place(
        "lead",
        "id = ANY(:leads)",
        {
            **dict.fromkeys(("name", "phone", "phone_raw", "email", "pinned_comment"), "NULL"),
            "marketing": "'{}'",
        },
    ),
    Place(
        "history",
        OF_LEADS,
        {
            "from_value": "CASE WHEN what IN ('lead_status', 'order_status', 'lead_merged') THEN from_value END",
            "to_value": "CASE WHEN what IN ('lead_status', 'order_status', 'lead_merged') THEN to_value END",
            "reason": "'erased'",
        },
    ),
    Place(
        "sales_order",
        OF_LEADS,
        {
            # A later word of the source is of a new order, and of a new customer.
            "external_id": "'erased ' || id",
            **dict.fromkeys(("external_number", "external_alias", "payment_link", "remarks"), "NULL"),
            "items": "'[]'",
        },
    ),
    Place(
        "imported_payment",
        OF_LEADS,
        _IMPORTED,
    ),
    # As long as no person has said whose it is, or when they said that it is of none.
    Place(
        "imported_payment",
        "lead_id IS NULL AND candidates && ARRAY(SELECT o.id FROM sales_order o WHERE o.lead_id = ANY(:leads))",
        _IMPORTED,
        walk="uuid",
        among="lead_id IS NULL",
        name="payments that may be theirs",
    ),
    Place("placement", OF_LEADS, _COMMAND),
    Place("payment_report", OF_LEADS, _COMMAND),
    Place(
        "payment",
        OF_LEADS,
        {"reference": "NULL", "deleted_reason": "CASE WHEN deleted_reason IS NOT NULL THEN 'erased' END"},
    ),
    Place(
        "refund",
        OF_LEADS,
        dict.fromkeys(("package", "full_name", "phone", "email", "details", "details_end"), "NULL"),
    ),
    Place("contact", THEIRS, _CONTACT),
    Place(
        "contact", f"customer_id IS NULL AND {mentioned('person::text')}", _CONTACT, name="contacts of no customer"
    ),
    # Its call has not come yet, and its address may have a number.
    Place("early_recording", mentioned("external_id", "recording")),
    Place("call", OF_LEADS, _CALL),
    Place("call", "desk = :desk AND lead_id IS NULL AND to_number = ANY(:exact)", _CALL, name="calls by number"),
    Place(
        "merge",
        f"id IN ({_THEIR_MERGES})",
        {"reason": "'erased'", "kept": "'{}'"},
    ),
    Place("consent", OF_CUSTOMERS, {"reason": "'erased'"}),
    # Who is forgotten is on no list either.
    Place(
        "black_list",
        "desk = :desk AND value = ANY(:exact)",
        {
            "value": "'erased ' || id",
            "reason": "'erased'",
            "lifted_at": "coalesce(lifted_at, clock_timestamp())",
            "lifted_by": "coalesce(lifted_by, 'erasure')",
            "lifted_reason": "'erased'",
        },
    ),
    Place("merge_member", _MERGES, {"identities": "'[]'"}),
    Place("delivery", OF_LEADS, _DELIVERY),
    Place(
        "delivery",
        names_one("facts::text"),
        _DELIVERY,
        walk="uuid",
        among="facts IS NOT NULL",
        name="deliveries of several parts",
    ),
    # What was never understood, and names them.
    Place(
        "delivery",
        f"desk = :desk AND ({mentions_bytes('body', 'query')} OR {mentions('headers::text', 'notes::text')})",
        _DELIVERY,
        walk="uuid",
        among="lead_id IS NULL",
        name="deliveries of no lead",
    ),
    answers(names_any(ANSWER, _OF_THEIRS), "answers about what is theirs"),
    *COMMON,
)

#: What goes with age, by the kind that a desk sets days for.
AGED: Mapping[str, Sequence[Aged]] = {
    "deliveries": (
        Aged(
            Place(
                "delivery",
                "disposition <> 'quarantined'",  # a person has yet to look at it
                {"query": "''", "headers": "'{}'", "body": "''"},
                walk="uuid",
            ),
            "received_at",
        ),
        # No id leads from who paid to a customer, until a person has said whose payment it is.
        Aged(Place("imported_payment", "true", {"name": "'erased'"}, walk="uuid"), "imported_at"),
    ),
    "recordings": (Aged(Place("contact", "true", {"recording": "NULL"}, walk="uuid"), "received_at"),),
}

NOT_PERSONAL: Mapping[str, str] = {
    "access": "desk action status requested_by done_by",
    "active_playbook": "desk code first_status first_title first_stage",
    "appointment": "desk state by",
    "attention": "desk kind ref",
    "audit": "desks caller role scope operation whose",  # who looked at whose data stays; it has none
    "call": "desk kind actor extension traceparent",
    "black_list": "desk kind actor",
    "calling": "desk",
    "poll": "name desk kind cursor code",
    "rate": "desk currency base actor",
    "change_request": "desk target actor",
    "consent": "desk what purposes kind document document_version source actor",
    "contact": "desk source kind direction extension line",
    "customer": "desk barred",
    "delivery": "desk method kinds disposition reason facts",
    "edit": "resource caller operation fields",
    "erased": "kind desk",
    "erasure": "desk person state place walked counts traceparent",  # `person` goes with the last step
    "erasure_answer": "service desk counts",
    "erasure_request": "desk reason requested_by",
    "exchange": "desk code format account halted_code",
    "forgotten_order": "digest desk statuses",  # by it an order that is named again is known, not who had it
    "history": "desk what actor",
    "idempotency": "scope key fingerprint",  # a day: a repeat must find its key, or its call is made again
    "identity_change": "desk what kind actor",
    "known_channel": "desk code",
    "imported_payment": "desk currency state imported_by decided_by",
    "known_desk": "desk zone calendar holidays",
    "lead": "desk source playbook status title stage signals language zone zone_source",
    "masking": "desk changed_by",
    "merge": "desk kind state left between planned_by applied_by undone_by",
    "merge_member": "desk state note",
    "operator": "desk subject extension name roles",
    "outbox": "type desk traceparent",
    "pace": "account",
    "package_start": "desk code",
    "parked": "topic type desk error_type waits_for",
    # Of partners.
    "partner": "desk code title language zone hours calls_go_to address site person card_link cabinet_link lines",
    "payment": "desk kind type status currency recorded_by deleted_by",
    "payment_report": "desk traceparent",
    "placement": "desk actor traceparent",
    "refund": "desk state currency kept_by asked_by",
    "sales_order": "desk status currency placed_state placed_code unpaid_status",
    "retention": "desk kind walked changed_by",
    "saved_filter": "desk owner list",
    "school": "desk code format account name api_key webhook_key halted_code changed_by",
    "source": "desk code key format config auth secrets playbook zone language region currency test_prefixes"
    " field_map status_map response origins thanks_url channel consent call_label",
    "source_terms": "desk document document_version purposes call_label",
}
