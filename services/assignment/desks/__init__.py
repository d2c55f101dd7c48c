"""What assignment knows of desks: their time zones."""
