"""Downloads that are capped, checked, resumed after a break, and end."""
