"""`python -m deploy.readme`: write README's table of settings anew from the settings models."""

from pathlib import Path

from libs.common.platform.settings import settings_table
from services.assignment.settings import AssignmentSettings
from services.intake.settings import IntakeSettings
from services.notifications.settings import NotificationsSettings
from services.tasks.settings import TasksSettings

README = Path(__file__).parents[1] / "README.md"
_BEGIN, _END = "<!-- settings:begin -->\n", "<!-- settings:end -->"
_NOTE = """A key is read with the service's prefix (`INTAKE_`, `TASKS_`, …) first; those in brackets also without.
Each may be given as a file: `<KEY>_FILE`. An unknown key of a service's prefix is refused; one
that an earlier release read is ignored, with a warning in the log.

"""


def with_settings(readme: str) -> str:
    """Return the README with the present table. Raises ValueError when its markers are gone."""
    head, rest = readme.split(_BEGIN)
    _, tail = rest.split(_END)
    table = settings_table([IntakeSettings, TasksSettings, AssignmentSettings, NotificationsSettings])
    return f"{head}{_BEGIN}{_NOTE}{table}{_END}{tail}"


if __name__ == "__main__":
    README.write_text(with_settings(README.read_text()))
