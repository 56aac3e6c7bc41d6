"""Recognisers: aligned face in, embedding out."""
