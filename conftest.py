"""Which files pytest cannot look into on this machine."""

from __future__ import annotations

import importlib.util

collect_ignore_glob = (
    [] if importlib.util.find_spec("ray") else ["benchmark/engine/ray_*.py", "benchmark/engine/sent_work.py"]
)
"""Modules that are imported only with the extra [ray]."""
