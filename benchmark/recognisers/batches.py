"""Runs a network on batches of one fixed size, so that a face's embedding never depends on the faces beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from benchmark.machine.device_memory import half_batch

BATCH_SIZES: Mapping[str, int] = {"cpu": 16, "cuda": 256}
"""On a processor a small batch stays in its cache; on a GPU a large one fills it."""


def batch_size(device: str, sizes: Mapping[str, int] = BATCH_SIZES) -> int:
    """Faces a batch on a torch device.

    >>> batch_size("cpu"), batch_size("cuda:1"), batch_size("mps")
    (16, 256, 64)
    """
    return sizes.get(device.partition(":")[0], 64)


def embed_in_batches(
    chips: NDArray[np.uint8], embed_batch: Callable[[NDArray[np.uint8]], NDArray[np.float32]], size: int
) -> NDArray[np.float32]:
    """Embeddings ``float32 (N, D)`` of chips ``uint8 (N, h, w, 3)``, computed `size` at a time.

    Libraries choose the order of their sums by the size of the batch. So that a run that was interrupted gives the same
    numbers as one that was not, every batch has the same size; the last is filled up with black chips. Where a batch
    does not fit into the device's memory, the rest is computed in halves of it.

    Args:
        chips: N ≥ 0.
        embed_batch: of `size` chips, ``float32 (size, D)``.
        size: of every batch.
    """
    batches = []
    start = 0
    while start < max(len(chips), 1):  # without chips one batch tells the width
        wanted = chips[start : start + size]
        batch = np.zeros((size, *chips.shape[1:]), dtype=np.uint8)
        batch[: len(wanted)] = wanted
        try:
            batches.append(np.asarray(embed_batch(batch), dtype=np.float32)[: len(wanted)])
        except RuntimeError as error:
            size = half_batch(size, error)
            continue
        start += size
    return np.concatenate(batches)
