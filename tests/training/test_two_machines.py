"""The command line of a training on two machines, which are processes of one computer and share a cache."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmark.artifacts import ArtifactStore
from benchmark.methods.trained_weights import TrainedWeights

ROOT = Path(__file__).resolve().parents[2]


def started(folder: Path, node: int, address: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(ROOT / "run_benchmark.py"), "train", "--method", "residual-regressor"]
    command += ["--train-limit", "24", "--size", "64", "--steps", "3", "--device", "cpu", "--workers", "1", "--quiet"]
    command += ["--nodes", "2", "--node", str(node), "--meet", address]
    command += ["--cache", str(folder / "cache"), "--out", str(folder / f"machine-{node}")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment, cwd=folder)


def ended(process: subprocess.Popen[str], seconds: float = 500) -> str:
    try:
        said, errors = process.communicate(timeout=seconds)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    return said


@pytest.mark.slow
def test_two_commands_train_together_and_a_late_one_sees_that_it_is_done(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    first, second = started(tmp_path, 0, address), started(tmp_path, 1, address)
    assert ended(first) == f"trained: {tmp_path / 'machine-0'}\n"
    assert ended(second) == "took part as machine 1 of 2; machine 0 keeps what was learned\n"
    weights = TrainedWeights(tmp_path / "machine-0")
    assert weights.card.steps == 3
    assert "--devices 2" in weights.card.command
    assert list((tmp_path / "machine-1").iterdir()) == []
    began = time.monotonic()
    late = ended(started(tmp_path, 1, address))  # nobody listens at the address
    assert late == "nothing to do for machine 1 of 2: what is to be learned is stored already\n"
    assert time.monotonic() - began < 300
    assert ended(started(tmp_path, 0, address)) == f"trained: {tmp_path / 'machine-0'}\n"


def test_a_store_says_what_it_holds_without_making_it(tmp_path: Path) -> None:
    about = {"version": 1}
    assert not ArtifactStore(tmp_path).holds("train", about)
    made = ArtifactStore(tmp_path).folder("train", about, lambda folder: (folder / "weights").write_bytes(b"learned"))
    assert ArtifactStore(tmp_path).holds("train", about)
    assert not ArtifactStore(tmp_path, fresh=True).holds("train", about)
    assert not ArtifactStore(tmp_path).holds("train", {"version": 2})
    (made.folder / "weights").write_bytes(b"changed")
    assert not ArtifactStore(tmp_path).holds("train", about)
