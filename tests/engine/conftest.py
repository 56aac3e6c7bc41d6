"""A cluster of two small nodes on this machine, where Ray is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest


def _without_ray(reason: str) -> None:
    if os.environ.get("UNMASK_REQUIRE_RAY"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def installed_ray() -> Any:
    """The package."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")  # on a busy machine, tests would wait for everything else
    try:
        import ray
    except ImportError:
        _without_ray("Ray is not installed: pip install -e '.[ray]'")
    return ray


@pytest.fixture(scope="session")
def head(installed_ray: Any) -> Iterator[Any]:
    """A `ray.cluster_utils.Cluster` of one node with one core."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args=node_size())
    yield cluster
    installed_ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def two_nodes(head: Any) -> Iterator[tuple[Any, Any]]:
    """The cluster with a second node, and that node."""
    second = head.add_node(**node_size())
    head.wait_for_nodes()
    yield head, second
    if second in head.list_all_nodes():
        head.remove_node(second)
    head.wait_for_nodes()  # a node that is gone is listed for some seconds more, and the next test would ask it


def node_size() -> dict[str, Any]:
    """What a node may take."""
    return {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
