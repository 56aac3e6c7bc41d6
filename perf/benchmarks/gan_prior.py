"""The one method that searches for every face."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from benchmark.datasets.synthetic import SyntheticPeople
from perf.benchmark import Benchmark
from perf.contenders.gan_prior import SIZE
from perf.contest import Entry, contest
from perf.finding import Finding
from perf.machine import AVX2_ONLY
from perf.settings import Settings


class GanPriorSearch(Benchmark):
    """Seconds a face, natively and on a processor without bfloat16."""

    name = "gan-prior"
    summary = "the search of gan-prior, seconds a face at 128 px"

    def measure(self, settings: Settings, folder: Path) -> list[Finding]:
        """Faces of full batches, so that none is computed in vain."""
        count = 32
        people = SyntheticPeople(people=count, probes=1)
        photos = [people.read(photo) for photo in people.protocol("probes").photos[::2]]
        pixels = np.stack([cv2.resize(photo, (SIZE, SIZE), interpolation=cv2.INTER_AREA) for photo in photos])
        np.save(folder / "pixels.npy", pixels)
        search = "perf.contenders.gan_prior:Search"
        entries = {"avx2": Entry(search, environment=AVX2_ONLY), "native": Entry(search)}
        found = contest(entries, folder, rounds=min(settings.rounds, 3))
        limited, native = (found[name].seconds / count for name in ("avx2", "native"))
        changed = np.abs(found["avx2"].outputs["restored"].astype(float) - found["native"].outputs["restored"]).mean()
        return [
            Finding(
                self.name,
                "`gan-prior`, 128 px, AVX2 only",
                "≤ 0.15 s a face",
                f"{limited:.3f} s a face of one core ({native:.3f} s with this processor's own instructions)",
                limited <= 0.15,
                check=f"the two differ by {changed:.1f} grey levels on average",
            )
        ]
