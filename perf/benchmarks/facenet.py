"""From a photo to FaceNet's embedding."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from perf.benchmark import Benchmark, within
from perf.contest import Entry, contest
from perf.finding import Finding
from perf.people import photos_in
from perf.settings import Settings


class FaceNetPipeline(Benchmark):
    """Our search and FaceNet against facenet-pytorch's."""

    name = "facenet"
    summary = "1,024² photos to FaceNet's embeddings, against facenet-pytorch's MTCNN and network"

    def measure(self, settings: Settings, folder: Path) -> list[Finding]:
        """Photos of one core; the embeddings of the same chips must agree."""
        count = len(list(photos_in(folder / "photos", settings.sized(16, 2), settings.photos).iterdir()))
        chips = np.random.default_rng(0).integers(0, 256, (4, 160, 160, 3), dtype=np.uint8)
        np.save(folder / "chips.npy", chips)
        found = contest(
            {
                "ours": Entry("perf.contenders.facenet_ours:Ours"),
                "package": Entry("perf.contenders.facenet_package:Pipeline"),
            },
            folder,
            rounds=settings.rounds,
        )
        ours, theirs = found["ours"], found["package"]
        difference = float(np.abs(ours.outputs["embeddings"] - theirs.outputs["embeddings"]).max())
        made = f"faces: {int(ours.outputs['found'])} of {count} here, {int(theirs.outputs['found'])} there"
        return [
            Finding(
                self.name,
                "1,024² photo to FaceNet's embedding",
                "",
                f"{1000 * ours.seconds / count:.0f} against {1000 * theirs.seconds / count:.0f} ms a photo",
                None,
                ours.times_faster(theirs),
                "facenet-pytorch",
                f"{made}; embeddings of the same chips: {within(self.name, difference, 1e-5)}",
            )
        ]
