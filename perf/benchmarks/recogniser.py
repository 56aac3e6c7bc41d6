"""Embedding aligned faces with dlib's network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmark.acquisition.detection import FaceSearch
from benchmark.datasets.synthetic import SyntheticPeople
from benchmark.errors import ImageRefused
from benchmark.machine.native_precision import native_precision
from benchmark.recognisers.face_recognition import face_chip
from perf.benchmark import Benchmark, within
from perf.contest import Entry, contest
from perf.environment import references
from perf.finding import Finding
from perf.settings import Settings

_WAYS = (("float32", "Float32", 10.0, 1e-5), ("bfloat16", "Bfloat16", 15.0, 5e-2))
"""Precision, contender, goal, and how far an embedding may be from the package's (its length is about 1.4)."""


class RecogniserSpeed(Benchmark):
    """`face_recognition` against the package of that name."""

    name = "recogniser"
    summary = "embeddings of aligned faces, against the package face_recognition"

    def measure(self, settings: Settings, folder: Path) -> list[Finding]:
        """Faces a second of one core, from the same chips."""
        chips = _chips(settings.sized(32, 2))
        np.save(folder / "chips.npy", chips)
        ways = [way for way in _WAYS if native_precision(way[0], "cpu") == way[0]]
        entries = {precision: Entry(f"perf.contenders.recogniser_ours:{name}") for precision, name, _, _ in ways}
        package = Entry("perf.contenders.recogniser_package:Package", references(settings.cache))
        found = contest({**entries, "package": package}, folder, rounds=settings.rounds)
        theirs = found["package"]
        rows = []
        for precision, _, goal, tolerance in ways:
            ours = found[precision]
            difference = np.abs(ours.outputs["embeddings"] - theirs.outputs["embeddings"]).max()
            ratio = ours.times_faster(theirs)
            rows.append(
                Finding(
                    self.name,
                    f"`face_recognition` from aligned chips, {precision}",
                    f"≥ {goal:g} × the package",
                    f"{len(chips) / ours.seconds:.0f} against {len(chips) / theirs.seconds:.1f} faces/s of one core",
                    ratio >= goal,
                    ratio,
                    "the package face_recognition",
                    within(self.name, float(difference), tolerance),
                )
            )
        return rows


def _chips(count: int) -> np.ndarray:
    people = SyntheticPeople(people=max(2, count), probes=1)
    chips = []
    for photo in people.protocol("probes").photos:
        image = people.read(photo)
        try:
            chips.append(face_chip(image, FaceSearch().find(image).geometry.five_points))
        except ImageRefused:
            continue
        if len(chips) == count:
            break
    return np.stack(chips)
