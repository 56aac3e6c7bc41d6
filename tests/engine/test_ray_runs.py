"""A run on a cluster of two nodes gives the numbers and the artefacts of a local one, also when a node is killed."""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from benchmark import RunConfig, run
from benchmark.reporting.compare import manifest_differences

pytestmark = [pytest.mark.ray, pytest.mark.slow]

_COSTS = ("seconds_per_image", "peak_memory_mib")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """The arithmetic of a task, in this process, too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="module")
def local(folder: Path) -> Path:
    """A local run."""
    return _run(folder, "local", folder / "cache-local")


def _run(folder: Path, name: str, cache: Path, **settings: Any) -> Path:
    chosen: dict[str, Any] = {
        "methods": ("telea",),
        "recognisers": ("face_recognition",),
        "limit": 8,
        "size": 64,
        "targets": (0.1,),
        "replicates": 5,
        "conditions": ("raw-raw", "raw-masked", "raw-restored"),
        "passthrough": 4,
        "workers": 2,
        "device": "cpu",
        "quiet": True,
        "cache": cache,
        "out": folder / name,
    }
    return run(RunConfig(**{**chosen, **settings})).report.parent


def _numbers(run_folder: Path) -> pd.DataFrame:
    table = pd.read_csv(run_folder / "metrics.csv", dtype={"size": str})
    return table[~table["metric"].isin(_COSTS)].reset_index(drop=True)


def _stored(cache: Path) -> dict[str, bytes]:
    """Every array of a store by step, key and name."""
    return {str(file.relative_to(cache)): file.read_bytes() for file in sorted(cache.rglob("*.npy"))}


def _manifest(run_folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((run_folder / "manifest.json").read_text("utf-8"))
    return manifest


def test_each_engine_continues_what_the_other_began(folder: Path, local: Path, two_nodes: tuple[Any, Any]) -> None:
    cluster, _ = two_nodes
    cache = folder / "cache-both"
    shutil.copytree(folder / "cache-local", cache)
    for step in ("recognise", "mask"):  # what a local run would not have reached yet
        shutil.rmtree(cache / step)
    began = {file: file.stat().st_mtime_ns for file in cache.rglob("about.json")}
    continued = _run(folder, "continued", cache, engine="ray", ray_address=cluster.address, workers=0)
    ended = {file: file.stat().st_mtime_ns for file in cache.rglob("about.json")}
    assert began.items() <= ended.items()
    assert _stored(cache) == _stored(folder / "cache-local")
    pd.testing.assert_frame_equal(_numbers(continued), _numbers(local))
    engine = _manifest(continued)["engine"]
    assert (engine["name"], engine["machines"], engine["cores"]) == ("ray", 2, 2)
    assert _manifest(local)["engine"] == {"name": "local"}
    assert not [path for path, *_ in manifest_differences(_manifest(continued), _manifest(local)) if "engine" in path]


def test_a_killed_node_costs_only_its_work(
    folder: Path, local: Path, two_nodes: tuple[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    cluster, second = two_nodes
    cache = folder / "cache-killed"
    killed_at: list[int] = []

    def kill() -> None:
        """While the second node is at work: its first task of a run loads libraries for seconds."""
        from ray._private.state import available_resources_per_node  # the public one needs Ray's dashboard

        until = time.monotonic() + 120
        while time.monotonic() < until:
            if list(cache.glob("acquire/*.partial")):  # before that, the run is not connected
                free = available_resources_per_node().get(second.node_id, {})
                if free.get("CPU", 0) < 1:
                    break
            time.sleep(0.02)
        killed_at.append(len(list(cache.glob("*/*/about.json"))))
        cluster.remove_node(second, allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    with caplog.at_level(logging.WARNING):
        on_ray = _run(folder, "killed", cache, engine="ray", ray_address=cluster.address)
    killer.join()
    made = len(list(cache.glob("*/*/about.json")))
    assert killed_at[0] < made, "the node was killed after the run"
    assert _manifest(on_ray)["engine"]["machines"] == 2
    assert _manifest(on_ray)["engine"]["repeated_tasks"] >= 1
    pd.testing.assert_frame_equal(_numbers(on_ray), _numbers(local))
    assert _stored(cache) == _stored(folder / "cache-local")
