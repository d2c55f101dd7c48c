"""What waits for a person at intake."""

from libs.common.contracts.shared import Text
from libs.common.platform.attention.kinds import Kinds, Opens, Waiting
from services.intake.payment_reports.rules import NEEDLESS

#: So many unread deliveries open a task: a few are usually tests of who sets the source up.
QUARANTINED = 10
#: So many failed questions in a row to a school.
UNCHECKED = 3

_NEEDLESS = ", ".join(f"'{code}'" for code in sorted(NEEDLESS))

KINDS: Kinds = {
    "quarantine": Waiting(
        "SELECT desk, received_at AS at, '' AS ref FROM delivery WHERE disposition = 'quarantined'",
        Opens(
            Text(ru="Разобрать карантин: не прочитано {count}", en="Look at the quarantine: {count} not read"),
            limit=QUARANTINED,
        ),
    ),
    # An order whose webhook has come is there, also when the answer was lost.
    "order_not_placed": Waiting(
        "SELECT desk, created_at AS at, id::text AS ref, order_number::text AS name FROM sales_order"
        " WHERE placed_state IN ('refused', 'unknown') AND status NOT IN ('cancelled', 'false', 'refused')"
        " AND (placed_state = 'refused' OR heard_at = created_at)",
        Opens(
            Text(ru="Заказ {name} не создан в школе", en="Order {name} was not made at the school"),
            name="name",
        ),
    ),
    # What its school does not know of: a person enters it there, or lets it be reported again.
    "payment_not_reported": Waiting(
        f"""
        SELECT p.desk, p.recorded_at AS at, p.id::text AS ref, o.order_number::text AS name
        FROM payment_report r JOIN payment p ON p.id = r.id JOIN sales_order o ON o.id = p.order_id
        WHERE r.state IN ('refused', 'unknown') AND p.status = 'received' AND NOT p.reported
          AND coalesce(r.code, '') NOT IN ({_NEEDLESS})
        """,  # noqa: S608 - codes of our own
        Opens(
            Text(ru="Внести в школу оплату заказа {name}", en="Enter the payment of order {name} at the school"),
            name="name",
        ),
    ),
    "payment_kept_there": Waiting(
        """
        SELECT p.desk, p.deleted_at AS at, p.id::text AS ref, o.order_number::text AS name
        FROM payment p JOIN sales_order o ON o.id = p.order_id WHERE p.status = 'deleted' AND p.reported
        UNION ALL
        SELECT p.desk, p.deleted_at, p.id::text, o.order_number::text
        FROM payment_report r JOIN payment p ON p.id = r.id JOIN sales_order o ON o.id = p.order_id
        WHERE r.state = 'unknown' AND p.status = 'deleted' AND NOT p.reported
        """,
        Opens(
            Text(
                ru="Удалить в школе оплату заказа {name}: здесь она удалена",
                en="Delete the payment of order {name} at the school: it is deleted here",
            ),
            name="name",
        ),
    ),
    "payment_proposed": Waiting(
        "SELECT p.desk, p.imported_at AS at, p.id::text AS ref, o.order_number::text AS name"
        " FROM imported_payment p JOIN sales_order o ON o.id = p.order_id WHERE p.state = 'proposed'",
        Opens(
            Text(
                ru="Подтвердить оплату заказа {name}: совпали имя и сумма",
                en="Confirm the payment of order {name}: name and amount agree",
            ),
            name="name",
        ),
    ),
    "payment_unmatched": Waiting(
        "SELECT desk, imported_at AS at, '' AS ref FROM imported_payment WHERE state IN ('ambiguous', 'unmatched')",
        Opens(
            Text(ru="Найти заказы оплат: {count}", en="Find the orders of payments: {count}"),
        ),
    ),
    "school_halted": Waiting(
        "SELECT desk, halted_at AS at, code AS ref FROM school WHERE halted_at IS NOT NULL AND active",
        Opens(
            Text(ru="Школа источника {name} не принимает заказы", en="The school of source {name} takes no orders"),
        ),
    ),
    "school_unheard": Waiting(
        f"""
        SELECT p.desk, coalesce((p.cursor ->> 'failing_since')::timestamptz, p.due_at) AS at, h.code AS ref
        FROM poll p JOIN school h ON p.name = h.id || ':webhooks'
        WHERE h.active AND h.webhook_key IS NOT NULL AND p.failures >= {UNCHECKED}
        """,  # noqa: S608 - a constant
        Opens(
            Text(
                ru="Школа источника {name} не сообщает о заказах: подписка не удаётся",
                en="The school of source {name} does not report its orders: it cannot be subscribed to",
            ),
        ),
    ),
    "school_unchecked": Waiting(
        f"""
        SELECT p.desk, coalesce(p.cursor ->> 'failing_since', p.cursor ->> 'checked_at')::timestamptz AS at,
               h.code AS ref
        FROM poll p JOIN school h ON h.id::text = p.name
        WHERE h.active AND p.failures >= {UNCHECKED}
        """,  # noqa: S608 - a constant
        Opens(
            Text(
                ru="Заказы источника {name} не сверяются со школой",
                en="Orders of source {name} are not checked with the school",
            ),
        ),
    ),
}
