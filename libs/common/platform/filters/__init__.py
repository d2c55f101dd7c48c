"""Saved filters: what a person asks a list for again and again, under a name, for themselves or their desk."""
