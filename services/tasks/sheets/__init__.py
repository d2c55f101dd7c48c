"""Call sheets of tasks: goal, steps to tick, scripts filled with what is known (P.9)."""
