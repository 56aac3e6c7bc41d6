"""Mask detectors."""
