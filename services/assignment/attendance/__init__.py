"""How a desk's shifts are attended: rest, hand-over and lateness, as the desk's data (S4.6)."""
