"""Names of a run's files that are made of methods' names."""

from __future__ import annotations

import re


def file_name(*parts: str) -> str:
    """Parts of a figure's name, made safe for every file system.

    >>> file_name("roc", "face recognition/v2")
    'roc-face_recognition_v2'
    """
    return "-".join(re.sub(r"[^A-Za-z0-9._+-]+", "_", part) for part in parts if part)
