"""Pauses of operators: the reasons that a desk allows, with their limits, and who is over one (S4.6)."""
