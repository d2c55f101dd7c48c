"""Where tasks keeps personal data of customers, how it is emptied, and which columns have none (P.7).

What keeps its row is what the desk counts by: outcomes, times, who did it. A test holds these lists against the
schema.
"""

from collections.abc import Mapping, Sequence

from libs.common.platform.erasure.places import COMMON, OF_LEADS, Place, Waiting, mentioned, mentioned_bytes
from libs.common.platform.erasure.retention import Aged

_SUBJECT = "(lead_id = ANY(:leads) OR subject_id = ANY(:leads || :customers) OR customer_id = ANY(:customers))"
_PROCESS = f"process_id = ANY(ARRAY(SELECT id FROM process WHERE {_SUBJECT}))"  # noqa: S608 - a constant
_FORGOTTEN = """'{"identities": [], "payment_link": null, "external_number": null}'"""

PLACES: tuple[Place | Waiting, ...] = (
    Place("timer", _PROCESS),
    Place("mendable", _PROCESS),
    Place("fanout_command", _PROCESS),
    Place(
        "task",
        _PROCESS,
        {
            "comment": "CASE WHEN comment IS NOT NULL THEN '—' END",
            "fields": "CASE WHEN fields IS NOT NULL THEN '{}'::jsonb END",
            "brief": """brief || '{"title": "—", "text": null, "document": null}'""",
        },
    ),
    Place("bulk_member", f"{_PROCESS} AND deed IS NOT NULL", {"deed": "NULL"}),
    Place("timeline_entry", f"({OF_LEADS} OR subject_id = ANY(:customers || :leads))", {"facts": "'{}'"}),
    Place(
        "process",
        _SUBJECT,
        {
            "person": """'{"name": null, "phone": null, "phone_raw": null, "email": null}'""",
            "facts": f"facts || {_FORGOTTEN} || CASE WHEN facts ->> 'order_id' IS NULL THEN '{{}}'::jsonb"
            """ ELSE '{"items": []}' END""",
            "fields": "'{}'",
            "documents": "'[]'",
            "external_id": "NULL",
        },
    ),
    Place(
        "bulk_action",
        mentioned("comment", "filter::text", "details::text"),
        {
            "comment": "'—'",
            "filter": "'{}'",
            "details": "CASE WHEN details ->> 'outcome' IS NULL THEN details"
            " ELSE jsonb_set(details, '{outcome,fields}', '{}', false) END",
        },
    ),
    Place("redistribution", mentioned("comment", "filter::text"), {"comment": "'—'", "filter": "'{}'"}),
    *COMMON,
    # What the customer's many processes hear.
    Waiting("fanout", ("body",), mentioned_bytes("body")),
)

#: What goes with age, by the kind that a desk sets days for; open tasks keep what they say.
AGED: Mapping[str, Sequence[Aged]] = {
    "comments": (
        Aged(
            Place(
                "task",
                "state <> 'active' AND closed_at < $2",
                {
                    "comment": "CASE WHEN comment IS NOT NULL THEN '—' END",
                    "fields": "CASE WHEN fields IS NOT NULL THEN '{}'::jsonb END",
                },
                walk="uuid",
            ),
            "opened_at",
        ),
    ),
    "timeline": (Aged(Place("timeline_entry", "true", {"facts": "'{}'"}, walk="bigint"), "time"),),
}

NOT_PERSONAL: Mapping[str, str] = {
    "approved_template": "desk code",
    "attention": "desk kind ref",
    "call": "desk kind extension line",
    "audit": "desks caller role scope operation whose",  # who looked at whose data stays; it has none
    "bulk_action": "desk action left state planned_by applied_by undone_by traceparent",
    "bulk_member": "desk order_number task_type state note",  # the number is ours
    "desk": "desk title_ru title_en zone languages calendar holidays",
    "rate": "desk currency base",
    "edit": "resource caller operation fields",
    "erased": "kind desk",
    "erasure": "desk person state place walked counts traceparent",  # `person` goes with the last step
    "fanout": "desk type key traceparent",
    "idempotency": "scope key fingerprint",  # a day: a repeat must find its key, or its call is made again
    "lane_visit": "desk lane",
    "masking": "desk",
    "matter": "desk service kind ref",
    "merged": "kind desk halted",  # ids of tasks, names of timers
    "numbers": "desk span product source",  # counts by people of the staff
    "operator": "desk subject name roles desks pools products presence contact extension",  # of the staff
    "outbox": "type desk traceparent",
    "parked": "topic type desk error_type waits_for",
    # Of partners.
    "partner": "desk code title_ru title_en language zone hours address site person"
    " card_link cabinet_link lines calls_go_to",
    "pay_table": "desk parts changed_by",
    "pending_release": "desk reason traceparent",
    "playbook": "code desk title_ru title_en source created_by",
    "playbook_activation": "desk code activated_by",
    "pool": "desk code taken_work",
    "process": "desk subject_kind source order_number playbook status stage owner_name attempts messages"
    " traceparent appointment counts charges dealings figures",  # `figures`: who of the staff did what, and when
    "redistribution": "desk from_name targets state planned_by applied_by undone_by traceparent",
    "redistribution_member": "desk order_number task_type to_name state note",
    "retention": "desk kind walked changed_by",
    "saved_filter": "desk owner list",
    "stream_ticket": "digest subject roles desks",
    "task": "desk subject_kind order_number playbook type role pool mode lane products rule state outcome problem"
    " closed_by closing_rule among",
    "ticked_step": "step desk actor",
    "timeline_entry": "desk subject_kind owner kind actor rule",
}
