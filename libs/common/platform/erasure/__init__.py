"""Forgetting a person: where a service keeps personal data, and the work that empties it (docs/adr/0022)."""
