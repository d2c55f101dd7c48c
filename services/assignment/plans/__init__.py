"""A month's shifts, proposed from wishes, edited and published (S4.6)."""
