"""What desks mask, as far as notifications must know it: a projection of intake's word (P.7)."""
