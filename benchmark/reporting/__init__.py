"""Turns a run's results into a folder that people read."""
