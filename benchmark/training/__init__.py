"""The training loop that every trained method shares."""
