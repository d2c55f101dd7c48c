"""HTTP, the same for all four services."""
