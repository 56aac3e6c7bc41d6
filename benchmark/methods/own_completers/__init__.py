"""Completers that a user names by a file: ``onnx:FILE`` and ``FILE.py:ATTR``."""
