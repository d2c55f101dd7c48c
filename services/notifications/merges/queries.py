"""Which one a customer or a lead is by now."""

from uuid import UUID

from sqlalchemy import Select, Table, case, literal, or_, select

from services.notifications.merges.tables import merged_customer, merged_lead


def one_with(customer_id: UUID) -> Select[tuple[UUID]]:
    """Return the ids of all who are one with a customer by now, their own among them."""
    return _one(customer_id, merged_customer)


def one_lead_with(lead_id: UUID) -> Select[tuple[UUID]]:
    """Return the ids of all leads that are one with a lead by now, its own among them."""
    return _one(lead_id, merged_lead)


def with_losers(leads: Select[tuple[UUID]]) -> Select[tuple[UUID]]:
    """Return the ids of leads and of all that were merged into them."""
    found = leads.cte(recursive=True)  # of no name: one statement may ask twice
    losers = select(merged_lead.c.loser_id).join(found, merged_lead.c.winner_id == found.c[0])
    return select(found.union(losers).c[0])


def _one(one: UUID, merged: Table) -> Select[tuple[UUID]]:
    found = select(literal(one).label("id")).cte(f"one_with_{merged.name}", recursive=True)
    either = or_(merged.c.loser_id == found.c.id, merged.c.winner_id == found.c.id)
    other = case((merged.c.loser_id == found.c.id, merged.c.winner_id), else_=merged.c.loser_id)
    return select(found.union(select(other).join(found, either)).c.id)
