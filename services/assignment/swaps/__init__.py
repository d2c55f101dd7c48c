"""Shifts that operators give to others who agree, or exchange with them (S4.6)."""
