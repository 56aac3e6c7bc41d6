"""The subcommand `mask`, and parts of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np

from benchmark.acquisition.detection import FaceSearch
from benchmark.datasets.photo_reading import read_photo
from benchmark.masking import crops, export
from perf.contender import Contender, Outputs

SIZE = 256
_STYLES = ("surgical",)


class Ours(Contender):
    """Photos in, three folders of PNGs out, in one process."""

    folder = "ours"

    def work(self) -> Outputs:
        """Every photo."""
        made = self.inputs / self.folder
        shutil.rmtree(made, ignore_errors=True)
        summary = export.export_pairs(self.inputs / "photos", made, styles=_STYLES, size=SIZE, workers=1)
        return {"exported": summary.exported}

    def outputs(self, found: Outputs) -> Outputs:
        """The pictures."""
        made = self.inputs / self.folder
        images = [cv2.imread(str(path)) for path in sorted((made / "masked").rglob("*.png"))]
        return {**found, "masked": np.stack(images)}


class FullResolution(Ours):
    """The same, with every face found by the thorough search and every mask drawn on the photo's own pixels."""

    folder = "full"

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        crops._FINER = 1e9
        crops.fills_crop = lambda *_: False
        FaceSearch.find_large = lambda *_: None


class ReadAndWrite(Contender):
    """Nothing but decoding the photos and encoding what `mask` writes: no program can be faster."""

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        made = inputs / "floor"
        shutil.rmtree(made, ignore_errors=True)
        export.export_pairs(inputs / "photos", made, styles=_STYLES, size=SIZE, workers=1)
        paths = [path for name in ("unmasked", "masked", "true_mask") for path in sorted((made / name).rglob("*.png"))]
        self._pictures = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in paths]

    def work(self) -> Outputs:
        """Every photo."""
        for path in sorted((self.inputs / "photos").iterdir()):
            read_photo(path)
        for number, picture in enumerate(self._pictures):
            export._write_png(self.inputs / "floor" / "again" / f"{number}.png", picture)
        return {}
