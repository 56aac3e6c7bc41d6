"""Finds the face in a photo and crops it, aligned."""
