"""The four effects of a lead that all peers leave behind, as ORM models: lead, task, operator in turn, message.

Their processes import it, and `run.py` to make the tables.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel
from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Select, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

OPERATORS = 10
# No more transactions at once than operators, so that one is free whom no other transaction holds.
CONNECTIONS = 10


class Order(BaseModel):
    """The order of the load."""

    external_id: str
    name: str
    phone: str
    email: str
    product: str
    title: str
    quantity: int
    price: Decimal
    currency: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    webmaster: str
    flow: str
    page_url: str


class Base(DeclarativeBase):
    """All tables."""


class Lead(Base):
    """An order as it came."""

    __tablename__ = "lead"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    phone: Mapped[str]
    email: Mapped[str]
    product: Mapped[str]
    title: Mapped[str]
    quantity: Mapped[int]
    price: Mapped[Decimal]
    currency: Mapped[str]
    utm_source: Mapped[str]
    utm_medium: Mapped[str]
    utm_campaign: Mapped[str]
    webmaster: Mapped[str]
    flow: Mapped[str]
    page_url: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Operator(Base):
    """One of those who call, and when a task was last given to them."""

    __tablename__ = "operator"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    given_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), index=True)


class Task(Base):
    """A call to make."""

    __tablename__ = "task"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    lead_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(Lead.id), unique=True)
    operator_id: Mapped[int | None] = mapped_column(ForeignKey(Operator.id))


class Message(Base):
    """A message that was requested."""

    __tablename__ = "message"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    lead_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(Lead.id), unique=True)
    template: Mapped[str]


def engine_of(url: str, driver: str) -> AsyncEngine:
    """Return an engine for a `postgresql://` URL."""
    changed = url.replace("postgresql://", f"postgresql+{driver}://", 1)
    return create_async_engine(changed, pool_size=CONNECTIONS, max_overflow=0)


async def create_tables(engine: AsyncEngine) -> None:
    """Make the tables, and the operators."""
    async with engine.begin() as conn:
        await conn.run_sync(Base.metadata.create_all)
    async with AsyncSession(engine) as session:
        session.add_all(Operator(id=number, name=f"Operator {number}") for number in range(1, OPERATORS + 1))
        await session.commit()


def lead_of(lead_id: uuid.UUID, order: Order) -> Lead:
    """The first effect."""
    return Lead(id=lead_id, **order.model_dump())


def task_of(lead_id: uuid.UUID) -> Task:
    """The second."""
    return Task(id=uuid.uuid4(), lead_id=lead_id)


def next_operator() -> Select[Operator]:
    """The third, in two statements: the operator who has waited longest and whom no other transaction holds."""
    return select(Operator).order_by(Operator.given_at, Operator.id).limit(1).with_for_update(skip_locked=True)


def open_task(lead_id: uuid.UUID) -> Select[Task]:
    """The task to give."""
    return select(Task).where(Task.lead_id == lead_id)


def give(task: Task, operator: Operator) -> None:
    """The end of the third."""
    operator.given_at = func.clock_timestamp()
    task.operator_id = operator.id


def message_of(lead_id: uuid.UUID) -> Message:
    """The fourth."""
    return Message(lead_id=lead_id, template="received")
