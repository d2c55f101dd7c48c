"""The school's desk in one service: its shipped playbook, and the clock in the test's hand."""

import pytest_asyncio

from tests.desks.school.story import School
from tests.tasks.client import Api
from tests.tasks.conftest import api, desk
from tests.tasks.desk import Desk

__all__ = ["api", "desk"]


@pytest_asyncio.fixture
async def school(desk: Desk, api: Api) -> School:
    """An order that has just come."""
    return await School.opened(desk, api)
