"""Methods that learn networks from pairs of masked and bare faces."""
