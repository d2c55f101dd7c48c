"""Messages that failed, sent again to a corrected address (S4.13)."""
