"""What desks mask, as far as tasks must know it: a projection of intake's word (P.7)."""
