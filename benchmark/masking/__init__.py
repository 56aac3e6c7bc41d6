"""Draws face masks on photos."""
