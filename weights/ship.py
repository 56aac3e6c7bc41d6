"""Puts trained weights beside the program, in half precision: python weights/ship.py FOLDER [FOLDER ...].

Each FOLDER is one that `run_benchmark.py train` wrote. It becomes weights/METHOD/PRESET/SIDE; an adapter's becomes
weights/METHOD/PRESET/RECOGNISER/SIDE.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from benchmark.methods.trained_weights import TrainedWeights

ROOT = Path(__file__).resolve().parent
MAX_BYTES = 60 * 2**20


def ship(folder: Path) -> Path:
    """Copy one folder; float32 becomes float16, and everything else stays."""
    card = TrainedWeights(folder).card
    target = ROOT / card.method / card.preset / card.recogniser / str(card.side)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in ("card.json", "people.txt", "weights.json", "losses.csv"):
        if (folder / name).exists():
            shutil.copy(folder / name, target / name)
    save_file({name: _halved(name, array) for name, array in arrays(folder).items()}, target / "weights.safetensors")
    for file in target.iterdir():
        file.chmod(0o644)  # safetensors makes files that only their owner may read
    return target


def arrays(folder: Path) -> dict[str, np.ndarray]:
    """The tensors of trained weights by name."""
    return load_file(folder / "weights.safetensors")


def _halved(name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype != np.float32:
        return array
    half = array.astype(np.float16)
    if not np.isfinite(half).all():
        raise SystemExit(f"{name} does not fit half precision (largest value {np.abs(array).max():.3g})")
    return half


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        shipped = ship(Path(argument))
        size = sum(file.stat().st_size for file in shipped.iterdir())
        print(f"{shipped.relative_to(ROOT.parent)}: {size / 2**20:.2f} MiB")
    total = sum(file.stat().st_size for file in ROOT.rglob("*") if file.is_file())
    print(f"all weights: {total / 2**20:.1f} MiB")
    if total > MAX_BYTES:
        raise SystemExit(f"that is more than {MAX_BYTES // 2**20} MiB")
