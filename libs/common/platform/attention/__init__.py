"""What waits for a person: counted for a supervisor's board, and raised once so that it becomes a task (P.12)."""
