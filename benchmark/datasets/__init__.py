"""Where photos, subjects and comparison protocols come from."""
