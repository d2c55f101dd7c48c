"""Events that could not be applied: kept with their key, shown, corrected, replayed."""
