"""Masking photographs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from perf.benchmark import Benchmark, within
from perf.contest import Entry, contest
from perf.environment import references
from perf.finding import Finding
from perf.people import photos_in
from perf.settings import Settings


class Mask(Benchmark):
    """`mask` against the thesis's way and against that of the most used tool."""

    name = "mask"
    summary = "masking 1,024² photos, against the thesis's way and that of the most used masking tool"

    def measure(self, settings: Settings, folder: Path) -> list[Finding]:
        """Time a photo on one core, for everybody the same photos."""
        count = len(list(photos_in(folder / "photos", settings.sized(24, 3), settings.photos).iterdir()))
        python = references(settings.cache)
        ours = {"": "WithoutExtra"}
        if find_spec("isal") and find_spec("simplejpeg"):
            ours[" (with the extra `fast`)"] = "Ours"
        found = contest(
            {
                **{name: Entry(f"perf.contenders.mask_ours:{name}") for name in ours.values()},
                "full": Entry("perf.contenders.mask_ours:FullResolution"),
                "floor": Entry("perf.contenders.mask_ours:ReadAndWrite"),
                "thesis": Entry("perf.contenders.mask_thesis:Thesis", python),
                "tool": Entry("perf.contenders.mask_tool:Tool", python),
            },
            folder,
            rounds=settings.rounds,
        )
        rows = []
        last = list(ours.values())[-1]  # decodes and encodes with what is installed, as the floor does
        for installed, contender in ours.items():
            own = found[contender]
            difference = np.abs(own.outputs["masked"].astype(float) - found["full"].outputs["masked"])
            looks = within("mask", float(difference.mean()), 1.0, " grey levels on average")
            share = f"decoding and encoding alone: {own.times_faster(found['floor']):.0%} of the time"
            for name, way, goal in (("thesis", "the thesis's way", 15.0), ("tool", "the most used tool's way", None)):
                other = found[name]
                ratio = own.times_faster(other)
                made = f"{int(own.outputs['exported'])} photos of {count} here, {int(other.outputs['exported'])} there"
                milliseconds = [1000 * one.seconds / count for one in (own, other)]
                rows.append(
                    Finding(
                        self.name,
                        f"`mask`{installed}, 1,024² JPEG to three PNGs of 256², against {way}",
                        "" if goal is None else f"≥ {goal:g} × per core",
                        f"{milliseconds[0]:.0f} against {milliseconds[1]:.0f} ms a photo",
                        None if goal is None else ratio >= goal,
                        ratio,
                        way,
                        f"masked: {made}; {looks} from masks drawn on the photo's own pixels",
                        share if contender == last else "",
                    )
                )
        return rows
