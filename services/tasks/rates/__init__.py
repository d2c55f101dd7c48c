"""Rates of currencies, as far as tasks must know them: what a price is in the currency of a customer (S4.12)."""
