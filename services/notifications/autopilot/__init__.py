"""What notices a dead channel, halts it and lets its messages go by another: how channels deliver (P.12)."""
