"""Random streams that depend on what they are for, never on order, batch size or worker count."""

from __future__ import annotations

import hashlib

import numpy as np


def seed_for(run_seed: int, *names: str) -> int:
    """A 64-bit seed for one purpose: a hash of the run's seed and the names, e.g. an ``image_id``.

    >>> seed_for(0, "mask", "anna/1.jpg") == seed_for(0, "mask", "anna/1.jpg")
    True
    >>> seed_for(0, "mask", "anna/1.jpg") == seed_for(1, "mask", "anna/1.jpg")
    False
    """
    text = "\x1f".join((str(run_seed), *names))
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def generator_for(run_seed: int, *names: str) -> np.random.Generator:
    """A NumPy generator seeded by `seed_for`."""
    return np.random.default_rng(seed_for(run_seed, *names))
