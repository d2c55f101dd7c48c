"""A playbook as the other services hear of it."""

from libs.common.contracts.shared import Text
from libs.common.contracts.tasks import FirstStatus, PlaybookActivatedV2
from services.tasks.playbooks.model import Playbook


def activated(playbook: Playbook, version: int, desk: str, actor: str) -> PlaybookActivatedV2:
    """Return the event of a version that a desk starts new leads on."""
    first = next(iter(playbook.statuses.values()), None)
    return PlaybookActivatedV2(
        desk=desk,
        code=playbook.code,
        version=version,
        actor=actor,
        first_status=first
        and FirstStatus(code=first.code, title=Text(ru=first.title.ru, en=first.title.en), stage=first.stage),
        pools=tuple(sorted({kind.pool for kind in playbook.task_types.values()})),
        lanes=tuple(playbook.lanes),
    )
