"""What the four services share: contracts, messaging, platform, domain; testkit is for tests alone."""
