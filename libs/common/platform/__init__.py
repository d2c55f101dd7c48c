"""What any service runs on: database, HTTP, tokens, clock, settings, telemetry, worker."""
