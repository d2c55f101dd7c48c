"""Steps of call sheets that were ticked; the release before knows nothing of them."""

from alembic import op

revision = "tasks_0009"
down_revision = "tasks_0008"


def upgrade() -> None:
    op.execute(
        "CREATE TABLE ticked_step (task_id uuid NOT NULL, step text NOT NULL, desk text NOT NULL,"
        " actor text NOT NULL, at timestamptz NOT NULL, CONSTRAINT pk_ticked_step PRIMARY KEY (task_id, step),"
        " CONSTRAINT fk_ticked_step_task_id FOREIGN KEY (task_id) REFERENCES task (id))"
    )
