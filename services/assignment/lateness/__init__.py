"""Who comes late or not at all, and what the desk's rule makes of it (S4.6)."""
