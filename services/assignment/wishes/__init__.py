"""On which days operators would like to work which shifts, and on which they cannot (S4.6)."""
