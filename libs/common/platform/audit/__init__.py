"""Who read whose personal data: a log of its own at each service that gives such data out (docs/adr/0017)."""
