"""The GPU part: rates, peak memory, and whether the results are those of the processor."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmark.masked_faces import MaskedPairs
from benchmark.methods.learned.identity_completer import IdentityCompleter
from benchmark.methods.learner import pair_learners
from benchmark.methods.resolve import resolve_method
from benchmark.methods.trained_weights import shipped_weights
from benchmark.methods.unmasker import Unmasker
from benchmark.progress import Progress
from benchmark.recognisers.base import Recogniser
from benchmark.recognisers.resolve import resolve_recognisers
from perf.benchmark import Benchmark, within
from perf.benchmarks.training import METHODS
from perf.contenders.training import pairs_of
from perf.finding import Finding
from perf.settings import Settings

_SIZE = 128
_MIB = 1024 * 1024
_PARITY = {"embedding": 1e-3, "pixels": 1.0}
"""How far a GPU in float32 may be from the processor: parts of an embedding's length, mean grey levels."""


class Gpu(Benchmark):
    """Embeddings, restorations and training steps a second on CUDA."""

    name = "gpu"
    summary = "on a GPU: embeddings, restorations and training images a second, memory, parity with the processor"

    def measure(self, settings: Settings, folder: Path) -> list[Finding]:  # noqa: ARG002
        """By recogniser and method; wall time, since the GPU's work is not the processor's."""
        if not torch.cuda.is_available():
            print("gpu: no GPU here, left out", file=sys.stderr)
            return []
        return measure_on("cuda", settings)


def measure_on(device: str, settings: Settings) -> list[Finding]:
    """All rows on a torch device; the tests call this with ``"cpu"``."""
    faces = pairs_of(_SIZE, settings.sized(256, 4))
    rows = []
    names = ["face_recognition"] if settings.quick else ["all"]
    for precision in ("float32",) if settings.quick else ("float32", "bfloat16"):
        here, there = (_recognisers(names, where, precision) for where in (device, "cpu"))
        rows += [_embedded(here[name], there[name], name, device, settings) for name in here]
    for name in METHODS[: settings.sized(len(METHODS), 1)]:
        methods = [_with_weights(name, where) for where in (device, "cpu")]
        if methods[0] is not None and methods[1] is not None:
            rows.append(_restored(methods[0], methods[1], name, device, faces))
    return [*rows, _trained(device, settings)]


def _recognisers(names: list[str], device: str, precision: str) -> Mapping[str, Recogniser]:
    quiet = Progress(quiet=True)
    return resolve_recognisers(names, weights={}, device=device, precision=precision, progress=quiet).ready


def _embedded(here: Recogniser, there: Recogniser, name: str, device: str, settings: Settings) -> Finding:
    count = settings.sized(4096, 4)
    chips = np.random.default_rng(0).integers(0, 256, (count, *here.card.chip_size, 3), dtype=np.uint8)
    few = chips[: settings.sized(64, 2)]
    own, other = here.embed(few), there.embed(few)
    difference = float(np.abs(own - other).max() / np.linalg.norm(other, axis=1).mean())
    most = _PARITY["embedding"] if here.precision == "float32" else 0.1
    seconds, peak = _cost(lambda: here.embed(chips), device)
    return Finding(
        Gpu.name,
        f"`{name}`, {here.precision}, {_device_name(device)}",
        "",
        f"{count / seconds:.0f} embeddings/s, {peak:.0f} MiB",
        check=within(Gpu.name, difference, most, " of an embedding's length"),
    )


def _restored(here: Unmasker, there: Unmasker, name: str, device: str, faces: MaskedPairs) -> Finding:
    rows = tuple(str(number) for number in range(len(faces)))
    own = here.unmask(faces.masked, faces.holes, faces.landmarks, rows).pixels  # the first call also chooses algorithms
    few = slice(0, 8)
    other = there.unmask(faces.masked[few], faces.holes[few], faces.landmarks[few], rows[few]).pixels
    difference = float(np.abs(own[few].astype(float) - other).mean())
    seconds, peak = _cost(lambda: here.unmask(faces.masked, faces.holes, faces.landmarks, rows), device)
    return Finding(
        Gpu.name,
        f"`{name}`, {_SIZE} px, {_device_name(device)}",
        "",
        f"{len(faces) / seconds:.0f} restorations/s, {peak:.0f} MiB",
        check=within(Gpu.name, difference, _PARITY["pixels"], " grey levels on average"),
    )


def _trained(device: str, settings: Settings) -> Finding:
    method = IdentityCompleter(device=device)
    steps = settings.sized(100, 1)
    training = replace(method.settings.training, max_steps=steps, size=_SIZE if not settings.quick else 64)
    method.settings = replace(method.settings, training=training)
    pairs = pairs_of(training.size or _SIZE, settings.sized(1024, 64))
    seconds, peak = _cost(lambda: method.fit(pairs, progress=Progress(quiet=True)), device)
    images = min(steps, training.steps(len(pairs))) * training.batch_size
    return Finding(
        Gpu.name,
        f"training of `identity-completer`, {training.size} px, {training.precision}, {_device_name(device)}",
        "",
        f"{images / seconds:.0f} images/s, {peak:.0f} MiB",
    )


def _with_weights(name: str, device: str) -> Unmasker | None:
    method = resolve_method(name, device=device)
    for part in pair_learners(method.parts()):
        trained = shipped_weights(part.name, part.preset, _SIZE)
        if trained is None:
            return None
        part.load(trained.folder)
    return method if isinstance(method, Unmasker) else None


def _cost(work: Callable[[], object], device: str) -> tuple[float, float]:
    """Seconds by the clock, and the most memory that PyTorch had on the device, MiB."""
    cuda = device.startswith("cuda")
    if cuda:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    work()
    if cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - started, torch.cuda.max_memory_allocated() / _MIB if cuda else 0.0


def _device_name(device: str) -> str:
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device
