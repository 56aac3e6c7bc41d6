"""What a run will do: every name resolved, and refused here if it cannot be done."""
