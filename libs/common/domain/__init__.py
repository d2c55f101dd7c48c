"""What two services must judge alike."""
