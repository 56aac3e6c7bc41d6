"""Addresses of photos and runs become folders of this machine, and what was made there goes to its address."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from benchmark import RunConfig
from benchmark.api.local_folders import local_folders
from benchmark.errors import BenchmarkError, RequestError


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.txt").write_bytes(b"a")
    return RunConfig(
        data_root=Path(f"file://{tmp_path}/photos"), out=Path("memory://unmask-local"), cache=tmp_path / "cache"
    )


def test_photos_are_copied_in_and_the_run_out(config: RunConfig) -> None:
    store = fsspec.filesystem("memory")
    with local_folders(config) as here:
        assert here.data_root is not None and here.out is not None
        assert (here.data_root / "a.txt").read_bytes() == b"a"
        assert config.cache in here.data_root.parents and config.cache in here.out.parents
        here.out.mkdir(parents=True)
        (here.out / "manifest.json").write_bytes(b"{}")
        assert not store.exists("/unmask-local/manifest.json")
    try:
        assert store.cat_file("/unmask-local/manifest.json") == b"{}"
        with pytest.raises(RequestError, match="--out memory://unmask-local holds a run"), local_folders(config):
            pytest.fail("it was not refused before the run")
    finally:
        store.rm("/unmask-local", recursive=True)


def test_a_run_that_fails_is_not_copied(config: RunConfig) -> None:
    with pytest.raises(BenchmarkError, match="it failed"), local_folders(config) as here:
        assert here.out is not None
        here.out.mkdir(parents=True)
        (here.out / "metrics.csv").write_bytes(b"half")
        raise BenchmarkError("it failed")
    assert fsspec.filesystem("memory").find("/unmask-local") == []


def test_folders_stay_as_they_are(tmp_path: Path) -> None:
    config = RunConfig(data_root=tmp_path, out=tmp_path / "run", cache=tmp_path / "cache")
    with local_folders(config) as here:
        assert here == config
