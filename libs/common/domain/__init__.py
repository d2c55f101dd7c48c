"""Rules that two services must apply alike."""
