"""Comparison scores, error rates and their uncertainty."""
