"""Where assignment keeps personal data of customers: in events on their way alone. A test holds this to the schema.

What it knows of work are ids, roles and codes; of people, the staff.
"""

from collections.abc import Mapping

from libs.common.platform.erasure.places import COMMON

PLACES = COMMON

NOT_PERSONAL: Mapping[str, str] = {
    "absence": "desk state reason created_by",  # of the staff
    "attendance_rule": "desk rules",
    "attention": "desk kind ref",
    "department": "desk code title",
    "pause": "desk reason",
    "pause_reason": "desk code title",
    "decision": "desk reason candidates outcome outcome_reason",  # codes
    "edit": "resource caller operation fields",
    "erased": "kind desk",
    "erasure": "desk person state place walked counts traceparent",  # `person` goes with the last step
    "heartbeat": "desk",
    "idempotency": "scope key fingerprint",  # a day: a repeat must find its key, or its call is made again
    "known_desk": "desk zone",
    "lateness": "desk state step currency excused_by excuse",  # of the staff
    "month_plan": "desk state places created_by published_by",  # as above
    # Of the staff.
    "operator": "desk subject name roles desks products presence away pause_reason contact extension department",
    "outbox": "type desk traceparent",
    "parked": "topic type desk error_type waits_for",
    "planned_shift": "desk shift state announced_by announcement",  # as above
    "pool": "desk code title role taken_work",
    "presence_change": "desk presence actor reason",  # of the staff
    "saved_filter": "desk owner list",
    "seat": "desk",
    "shift": "desk",
    "shift_kind": "desk code title week needed",
    "swap": "desk comment state answered_by",  # of the staff
    "wish": "desk shift wish",  # of the staff
    "work": "desk key state role products traceparent task_type",
}
