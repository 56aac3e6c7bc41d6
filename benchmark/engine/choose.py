"""The engine that a run asks for."""

from __future__ import annotations

from benchmark.config import RunConfig
from benchmark.engine.base import Engine
from benchmark.engine.local import LocalEngine
from benchmark.errors import RequestError


def engine_of(config: RunConfig) -> Engine:
    """Ready to work; Ray is imported only if it is asked for.

    Raises:
        RequestError: Ray is not installed, no cluster answers, or its machines cannot do the work.
    """
    if config.engine == "local":
        return LocalEngine()
    try:
        import ray  # noqa: F401, PLC0415  # an extra
    except ImportError as error:
        raise RequestError(
            f"--engine ray needs the package ray ({error}): pip install 'unmask-benchmark[ray]', or use --engine local"
        ) from error
    from benchmark.engine.ray_cluster import connect  # noqa: PLC0415  # needs Ray
    from benchmark.engine.ray_engine import RayEngine  # noqa: PLC0415  # needs Ray

    return RayEngine(connect(config), config.workers)
