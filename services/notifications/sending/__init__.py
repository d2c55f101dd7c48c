"""When a desk writes to its customers: quiet hours by the customer's clock, and how often it advertises (P.14)."""
