"""A desk as a file: `dozvon desk plan|apply|export` (docs/adr/0016)."""
