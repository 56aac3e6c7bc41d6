"""What holds for the whole of pytest: which files it cannot look into here, and that it shares the processor."""

from __future__ import annotations

import importlib.util

from benchmark.machine.processor_time import spare_the_processor

spare_the_processor()  # before a test imports PyTorch, whose threads would spin while they wait for each other

collect_ignore_glob = (
    [] if importlib.util.find_spec("ray") else ["benchmark/engine/ray_*.py", "benchmark/engine/sent_work.py"]
)
"""Modules that are imported only with the extra [ray]."""
