"""Departments of a desk, and who heads each (S2.5)."""
