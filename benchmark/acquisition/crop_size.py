"""The side of the crops that methods work on, where nobody asks for another."""

from __future__ import annotations

DEFAULT_CROP_SIZE = 128
"""Pixels."""
