"""Joins the steps: what a run does, in which order, and what it hands to the report."""
