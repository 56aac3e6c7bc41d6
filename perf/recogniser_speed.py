"""Faces a second of every recogniser that works here, beside `face_recognition` in float32 on the same machine.

    python perf/recogniser_speed.py --recognisers all,onnx:my.onnx --precisions float32,bfloat16

Each round times every recogniser once, on the same noise cut to its own chip, so that whatever else the machine does
falls on all of them alike. Printed are medians over the rounds, of faces per second and of the ratio within each round.
Aligning a face is timed apart: it runs on one core, photo by photo.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from benchmark.faces import FaceGeometry
from benchmark.named_weights import named_weights
from benchmark.progress import Progress
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.resolve import resolve_recognisers

YARDSTICK = "face_recognition"
CROP = 256


def main() -> None:
    """Read the command line, measure, print one line per recogniser and precision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recognisers", default="all", metavar="A,B")
    parser.add_argument("--weights", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--precisions", default="float32,bfloat16", metavar="A,B")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--faces", type=int, default=64, help="embedded at once (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    options = parser.parse_args()

    ready = _ready(options)
    times: dict[tuple[str, str], list[float]] = {key: [] for key in ready}
    rng = np.random.default_rng(0)
    chips = {
        key: rng.integers(0, 256, (options.faces, *recogniser.card.chip_size, 3), dtype=np.uint8)
        for key, recogniser in ready.items()
    }
    for key, recogniser in ready.items():
        recogniser.embed(chips[key])  # the first call also chooses algorithms and fills caches
    for _ in range(options.rounds):
        for key, recogniser in ready.items():
            times[key].append(_seconds(lambda one=recogniser, own=chips[key]: one.embed(own), options.device))
    yardstick = times[YARDSTICK, "float32"]
    threads = torch.get_num_threads()
    print(f"{options.device}, {threads} threads, {options.faces} faces, median of {options.rounds} rounds")
    print(f"{'recogniser':<24}{'precision':<12}{'faces/s':>9}{'ratio':>8}{'chips/s':>9}")
    for (name, precision), seconds in times.items():
        ratio = statistics.median(base / own for base, own in zip(yardstick, seconds, strict=True))
        rate = options.faces / statistics.median(seconds)
        print(f"{name:<24}{precision:<12}{rate:>9.1f}{ratio:>8.2f}{_chips_a_second(ready[name, precision]):>9.0f}")


def _ready(options: argparse.Namespace) -> dict[tuple[str, str], Recogniser]:
    asked = [YARDSTICK, *(name for name in options.recognisers.split(",") if name != YARDSTICK)]
    found: dict[tuple[str, str], Recogniser] = {}
    for precision in dict.fromkeys(["float32", *options.precisions.split(",")]):
        resolved = resolve_recognisers(
            asked,
            weights=named_weights(options.weights, asked).recognisers,
            device=options.device,
            precision=precision,
            progress=Progress(),
        )
        found |= {(name, precision): recogniser for name, recogniser in resolved.ready.items()}
    return found


def _seconds(work: Callable[[], object], device: str) -> float:
    started = time.perf_counter()
    work()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - started


def _chips_a_second(recogniser: Recogniser, count: int = 20) -> float:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (CROP, CROP, 3), dtype=np.uint8)
    landmarks = rng.uniform(CROP * 0.25, CROP * 0.75, (68, 2)).astype(np.float32)
    eyes = np.array([(0.68, 0.4), (0.58, 0.4), (0.32, 0.4), (0.42, 0.4), (0.5, 0.6)], np.float32) * CROP
    face = FaceGeometry(np.array([0, 0, CROP, CROP], np.float32), landmarks, eyes)
    recogniser.chip(image, face)
    return 1 / statistics.median(_seconds(lambda: recogniser.chip(image, face), "cpu") for _ in range(count))


if __name__ == "__main__":
    main()
