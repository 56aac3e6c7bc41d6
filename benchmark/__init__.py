"""How much identity-verification accuracy a face mask takes, and how much each unmasking method wins back.

    from benchmark import RunConfig, run, load_run, compare_runs

These names are imported when they are first used, so that ``import benchmark`` is fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.api.comparison import RunComparison as RunComparison
    from benchmark.api.comparison import compare_runs as compare_runs
    from benchmark.api.run import run as run
    from benchmark.api.run_result import RunResult as RunResult
    from benchmark.api.run_result import load_run as load_run
    from benchmark.config import RunConfig as RunConfig

__version__ = "0.2.0"

_HOME = {
    "RunComparison": "benchmark.api.comparison",
    "RunConfig": "benchmark.config",
    "RunResult": "benchmark.api.run_result",
    "compare_runs": "benchmark.api.comparison",
    "load_run": "benchmark.api.run_result",
    "run": "benchmark.api.run",
}
__all__ = ["RunComparison", "RunConfig", "RunResult", "__version__", "compare_runs", "load_run", "run"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'benchmark' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
