"""The school's desk in one service: its shipped playbook, two managers, and the clock in the test's hand."""

from tests.tasks.conftest import api, desk

__all__ = ["api", "desk"]
