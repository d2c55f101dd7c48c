"""A proposal is held when it is made. The release before writes `offered` until it is confirmed, as it may."""

from alembic import op

revision = "assignment_0005"
down_revision = "assignment_0004"


def upgrade() -> None:
    op.execute("ALTER TABLE work DROP CONSTRAINT ck_work_offered_has_decision")
    op.execute(
        """
ALTER TABLE work ADD CONSTRAINT ck_work_proposal_has_decision
    CHECK (state <> 'offered' OR decision_id IS NOT NULL) NOT VALID,
    ADD CONSTRAINT ck_work_decision_has_operator CHECK (decision_id IS NULL OR operator_id IS NOT NULL) NOT VALID
"""
    )
    op.execute("ALTER TABLE work VALIDATE CONSTRAINT ck_work_proposal_has_decision")
    op.execute("ALTER TABLE work VALIDATE CONSTRAINT ck_work_decision_has_operator")
