"""What waits for a person at notifications."""

from datetime import timedelta

from libs.common.contracts.shared import Text
from libs.common.platform.attention.kinds import Kinds, Opens, Waiting

# Of each template its newest version.
_PROPOSED = """
SELECT desk, proposed_at AS at, code AS ref,
       (SELECT h.operator_id FROM operator h
        WHERE h.desk = t.desk AND h.active AND h.heads ? t.department LIMIT 1) AS head_id
FROM template t
WHERE state = 'proposed' AND retired_at IS NULL AND NOT EXISTS (
    SELECT FROM template n WHERE n.desk = t.desk AND n.code = t.code AND n.version > t.version)
"""

KINDS: Kinds = {
    "halted_channels": Waiting(
        "SELECT desk, halted_at AS at, code AS ref FROM channel WHERE active AND halted_at IS NOT NULL",
        Opens(
            Text(
                ru="Остановлен канал {name}: исправить и включить",
                en="Channel {name} is halted: mend and resume it",
            ),
            within=timedelta(minutes=15),
        ),
    ),
    "proposed_templates": Waiting(
        _PROPOSED,
        Opens(
            Text(ru="Согласовать шаблон {name}", en="Approve or refuse the template {name}"),
            within=timedelta(days=1),
            assignee="head_id",
        ),
    ),
}
