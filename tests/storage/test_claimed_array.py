"""The disk keeps room for all of an array before anything is written through its memory map."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from benchmark.storage.claimed_array import claim_space, new_claimed_array
from benchmark.storage.row_writer import RowArray, RowWriter

SHAPE = (50, 64, 64, 3)
BYTES = 50 * 64 * 64 * 3

told_by_the_system = pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="blocks are told on Linux")


def claimed(file: Path) -> int:
    return file.stat().st_blocks * 512


@told_by_the_system
def test_a_new_array_is_zeros_with_their_space(tmp_path: Path) -> None:
    file = tmp_path / "new.npy"
    made = new_claimed_array(file, dtype="uint8", shape=SHAPE)
    assert claimed(file) >= BYTES
    assert (made.shape, made.dtype, made.any()) == (SHAPE, np.uint8, False)
    made[3] = 7
    made.flush()
    np.testing.assert_array_equal(np.load(file), made)


@told_by_the_system
@pytest.mark.parametrize("before", [None, "sparse", "cut off"])
def test_the_rows_of_a_step_have_their_space(tmp_path: Path, before: str | None) -> None:
    """Also those of a run that was killed, whose arrays an earlier version may have left with holes."""
    file = tmp_path / "pixels.npy"
    if before is not None:
        np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=SHAPE)
    if before == "cut off":
        os.truncate(file, 1000)
    with RowWriter(tmp_path, SHAPE[0], {"pixels": RowArray(SHAPE[1:], "uint8")}):
        assert claimed(file) >= BYTES


@pytest.mark.parametrize("with_fallocate", [True, False])
def test_claiming_keeps_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_fallocate: bool) -> None:
    if not with_fallocate:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    file = tmp_path / "old.npy"
    np.save(file, np.arange(5000))
    claim_space(file)
    np.testing.assert_array_equal(np.load(file), np.arange(5000))
    assert new_claimed_array(tmp_path / "none.npy", dtype="float32", shape=(0, 3)).shape == (0, 3)
