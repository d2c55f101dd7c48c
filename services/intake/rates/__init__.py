"""Rates of currencies, by day: official ones, and those that a desk has set by hand (S4.12)."""
