"""What cannot work on a cluster is one line, at once or within a time limit, and leaves nothing behind."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from benchmark import RunConfig, run
from benchmark.config import load_config
from benchmark.engine.choose import engine_of
from benchmark.engine.local import LocalEngine
from benchmark.errors import RequestError


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hold() -> None:
            with suppress(OSError):
                while True:
                    held.append(server.accept()[0])

        threading.Thread(target=hold, daemon=True).start()
        yield server.getsockname()[1]
    for one in held:
        one.close()


def _config(folder: Path, **settings: Any) -> RunConfig:
    return RunConfig(**{"engine": "ray", "device": "cpu", "cache": folder / "cache", "out": folder / "out", **settings})


def test_the_default_needs_no_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert isinstance(engine_of(_config(tmp_path, engine="local")), LocalEngine)


def test_without_ray_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RequestError, match=r"pip install 'unmask-benchmark\[ray\]'"):
        run(_config(tmp_path, methods=("telea",), recognisers=("face_recognition",), limit=4, quiet=True))
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "cache").exists()


def test_an_address_without_the_engine_is_refused() -> None:
    with pytest.raises(RequestError, match="--ray-address: only the engine ray has an address; add --engine ray"):
        load_config(None, {"ray_address": "auto"})


@pytest.mark.parametrize("address", ["nonsense", "host:", ":6379", "host:99999", "host:port"])
def test_an_address_of_another_form(installed_ray: Any, tmp_path: Path, address: str) -> None:
    with pytest.raises(RequestError, match=r"it must be HOST:PORT"):
        engine_of(_config(tmp_path, ray_address=address))


def test_nothing_at_the_address(installed_ray: Any, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(RequestError, match=r"nothing answers there \(Connection refused\); start one with `ray start"):
        engine_of(_config(tmp_path, ray_address=f"127.0.0.1:{port}"))


@pytest.mark.ray
@pytest.mark.slow
def test_something_else_at_the_address(
    installed_ray: Any, tmp_path: Path, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.engine.ray_cluster.SECONDS_TO_CONNECT", 6.0)
    began = time.monotonic()
    with pytest.raises(RequestError, match="no Ray cluster answers there within 6 seconds"):
        engine_of(_config(tmp_path, ray_address=f"127.0.0.1:{silent_port}"))
    assert time.monotonic() - began < 20


@pytest.mark.ray
@pytest.mark.slow
class TestMachinesThatDiffer:
    """Each is refused before anything is computed, and the connection is closed again."""

    def test_another_version(
        self, installed_ray: Any, head: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("benchmark.engine.ray_cluster.software", lambda: {"numpy": "0.1"})
        with pytest.raises(RequestError, match=r"the machine \S+ of the Ray cluster has numpy \S+, this one has 0\.1"):
            engine_of(_config(tmp_path, ray_address=head.address))
        assert not installed_ray.is_initialized()
        assert not list((tmp_path / "cache").iterdir())

    def test_no_sight_of_the_data(self, installed_ray: Any, head: Any, tmp_path: Path) -> None:
        with pytest.raises(RequestError, match=r"does not see the folder or file of --data-root, \S+; mount it there"):
            engine_of(_config(tmp_path, ray_address=head.address, data_root=tmp_path / "only-elsewhere"))
        assert not installed_ray.is_initialized()

    def test_no_sight_of_the_cache(self, installed_ray: Any, tmp_path: Path) -> None:
        from benchmark.engine.ray_cluster import _compare
        from benchmark.engine.ray_node import Surroundings, facts_of_node, software

        facts = facts_of_node(Surroundings(str(Path.cwd()), {}, (str(tmp_path / "token"), "content")))
        with pytest.raises(RequestError, match=r"does not see the folder or file of --cache"):
            _compare("node-7", facts, software())

    def test_no_gpu(self, installed_ray: Any, head: Any, tmp_path: Path) -> None:
        with pytest.raises(RequestError, match="no machine of the Ray cluster offers a GPU"):
            engine_of(_config(tmp_path, ray_address=head.address, device="cuda"))
        assert not installed_ray.is_initialized()
