"""Checkpoints: whole or refused, and never run."""

from __future__ import annotations

import hashlib
import io
import logging
import pickle

import pytest
import torch

from benchmark.errors import StorageError
from benchmark.training import checkpoint
from benchmark.training.checkpoint import matching_checkpoint, read_checkpoint, write_checkpoint

STATE = {
    "fingerprint": "mine",
    "step": 3,
    "weights": {"a": torch.arange(6.0).view(2, 3)},
    "rows": [{"epoch": 1, "loss": 0.1}],
    "betas": (0.9, 0.999),
    "nothing": None,
    "best": float("inf"),
}


def test_what_is_written_is_read(tmp_path):
    file = tmp_path / "training.ckpt"
    write_checkpoint(file, STATE)
    state = read_checkpoint(file)
    assert torch.equal(state.pop("weights")["a"], STATE["weights"]["a"])
    assert state == {key: value for key, value in STATE.items() if key != "weights"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["training.ckpt"]  # no temporary file is left


@pytest.mark.parametrize("keep", [0, 10, 60, 500, -1])
def test_truncated_files_are_refused(tmp_path, keep):
    file = tmp_path / "training.ckpt"
    write_checkpoint(file, STATE)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(StorageError, match="delete it and train again"):
        read_checkpoint(file)


def test_a_single_changed_bit_is_noticed(tmp_path):
    file = tmp_path / "training.ckpt"
    write_checkpoint(file, STATE)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        read_checkpoint(file)


class Attack:
    """Runs when unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("the checkpoint ran code",))


@pytest.mark.parametrize("dump", ["pickle", "torch"])
def test_reading_never_runs_code(tmp_path, dump):
    buffer = io.BytesIO()
    torch.save({"x": Attack()}, buffer)
    payload = buffer.getvalue() if dump == "torch" else pickle.dumps({"x": Attack()}, protocol=2)
    file = tmp_path / "training.ckpt"
    file.write_bytes(checkpoint._HEAD + hashlib.sha256(payload).digest() + payload)
    with pytest.raises(StorageError, match="cannot be read"):
        read_checkpoint(file)


def test_a_foreign_file_is_no_checkpoint(tmp_path, caplog):
    file = tmp_path / "training.ckpt"
    torch.save({"fingerprint": "mine"}, file)
    with pytest.raises(StorageError, match="not a training checkpoint"):
        read_checkpoint(file)
    with caplog.at_level(logging.WARNING):
        assert matching_checkpoint(file, "mine") is None
    assert "starts from the beginning" in caplog.text


def test_only_the_same_training_matches(tmp_path, caplog):
    file = tmp_path / "training.ckpt"
    assert matching_checkpoint(file, "mine") is None
    assert caplog.text == ""
    write_checkpoint(file, STATE)
    assert matching_checkpoint(file, "mine")["step"] == 3
    assert matching_checkpoint(file, "other") is None
    assert "another training" in caplog.text


def test_a_failed_write_keeps_the_old_checkpoint(tmp_path, monkeypatch):
    file = tmp_path / "training.ckpt"
    write_checkpoint(file, STATE)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("benchmark.artifacts.os.fsync", full)
    with pytest.raises(StorageError, match="disk is full"):
        write_checkpoint(file, {**STATE, "step": 9})
    assert read_checkpoint(file)["step"] == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["training.ckpt"]
