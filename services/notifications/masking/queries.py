"""Whether what is shown of a customer is masked to an operator (P.7)."""

from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, false, func, not_, or_, select

from services.notifications.feed.tables import operator
from services.notifications.leads.tables import lead_operator
from services.notifications.masking.tables import masking
from services.notifications.merges.queries import with_losers


def hidden(subject: str | None, desk: ColumnElement[str], own: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return which rows are masked to an operator: those not their own; `subject` None: they see whole desks."""
    return false() if subject is None else unless_own(desk, own)


def unless_own(desk: ColumnElement[str], own: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether a desk masks what is not one's own; whose it is is looked up for such a desk alone."""
    masks = select(masking.c.desk).where(masking.c.desk == desk, masking.c.lists).exists()
    return case((masks, not_(func.coalesce(own, false()))), else_=false())


def worked(lead_id: ColumnElement[UUID | None], subject: str | None) -> ColumnElement[bool]:
    """Return whether an operator works a lead: is responsible for it, or has its task."""
    me = select(operator.c.operator_id).where(operator.c.subject == subject, operator.c.active)
    return worked_by(lead_id, me)


def worked_by(
    lead_id: ColumnElement[UUID | None], who: Select[tuple[UUID]] | ScalarSelect[UUID]
) -> ColumnElement[bool]:
    """Return whether one of these operators works a lead."""
    works = or_(lead_operator.c.owner_id.in_(who), lead_operator.c.holder_id.in_(who))
    return lead_id.in_(with_losers(select(lead_operator.c.lead_id).where(works)))
