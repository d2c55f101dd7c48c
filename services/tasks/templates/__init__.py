"""Templates of messages, as far as tasks must know them: which ones a desk may use."""
