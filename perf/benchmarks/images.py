"""Image quality."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from perf.benchmark import Benchmark, within
from perf.contest import Entry, contest
from perf.environment import references
from perf.finding import Finding
from perf.settings import Settings


class ImageQuality(Benchmark):
    """SSIM, FID and KID against torchmetrics."""

    name = "images"
    summary = "SSIM of pictures, FID and KID of features, against torchmetrics"

    def measure(self, settings: Settings, folder: Path) -> list[Finding]:
        """Of one core, from the same pictures and features."""
        python = references(settings.cache)
        rng = np.random.default_rng(0)
        count = settings.sized(256, 16)
        pictures = [rng.integers(0, 256, (count, 128, 128, 3), dtype=np.uint8) for _ in range(2)]
        features = [rng.normal(shift, 1, (settings.sized(2000, 64), 128)).astype(np.float32) for shift in (0, 0.3)]
        rows = []
        for name, called, arrays, most in (
            ("Ssim", f"SSIM of {count} pairs of 128²", pictures, 1e-4),
            ("Frechet", f"FID of {len(features[0])} × 128 features", features, 1e-4),
            ("Kernel", f"KID of {len(features[0])} × 128 features", features, 1e-4),
        ):
            inputs = folder / name
            inputs.mkdir()
            for file, array in zip(("one.npy", "other.npy"), arrays, strict=True):
                np.save(inputs / file, array)
            entries = {
                "ours": Entry(f"perf.contenders.images_ours:{name}"),
                "torchmetrics": Entry(f"perf.contenders.images_torchmetrics:{name}", python),
            }
            found = contest(entries, inputs, rounds=settings.rounds)
            ours, theirs = found["ours"], found["torchmetrics"]
            difference = float(np.abs(ours.outputs["value"] - theirs.outputs["value"]).max())
            rows.append(
                Finding(
                    self.name,
                    called,
                    "",
                    f"{ours.seconds:.3g} against {theirs.seconds:.3g} s",
                    None,
                    ours.times_faster(theirs),
                    "torchmetrics",
                    within(f"{self.name}, {called}", difference, most),
                )
            )
        return rows
