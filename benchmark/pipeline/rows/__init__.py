"""What becomes rows of ``metrics.csv``."""
