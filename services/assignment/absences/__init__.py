"""Planned absences of operators, and who deputises meanwhile (S4.6)."""
