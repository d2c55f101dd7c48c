"""How long a test waits for what must happen."""

PATIENCE = 60.0  # seconds; only a fault takes them, whatever else keeps the machine busy
