"""Who finds the mask."""
