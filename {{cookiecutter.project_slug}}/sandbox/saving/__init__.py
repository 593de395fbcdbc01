"""What happened, saved as a test."""
