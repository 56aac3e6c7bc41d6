"""What this machine has and does natively, and what a piece of work costs on it."""
