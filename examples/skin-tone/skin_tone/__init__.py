"""An example plugin: install it, and `list` shows its method and its metric among the others."""
