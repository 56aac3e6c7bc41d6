"""Unmasking approaches: masked face in, restored face out."""
