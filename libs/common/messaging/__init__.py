"""Events between services: bus, outbox, inbox, dead letters (docs/adr/0002)."""
