"""The subcommand `mask`, and parts of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np

from benchmark.acquisition.detection import FaceSearch
from benchmark.datasets import photo_reading
from benchmark.datasets.photo_reading import read_photo
from benchmark.masking import crops, export
from benchmark.masking.crops import MaskedCrops
from benchmark.masking.export_journal import FOLDERS
from benchmark.storage import png_pair
from perf.contender import Contender, Outputs

SIZE = 256
_STYLES = ("surgical",)


class Ours(Contender):
    """Photos in, three folders of PNGs out, in one process."""

    folder = "ours"

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        cv2.setNumThreads(1)  # as in `mask`'s worker processes; OpenCV does not heed OMP_NUM_THREADS

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


class WithoutExtra(Ours):
    """The same, as if the extra ``fast`` were not installed."""

    folder = "without"

    def __init__(self, inputs: Path) -> None:
        super().__init__(inputs)
        photo_reading._jpeg_decoder = lambda: None
        png_pair._isal = lambda: None


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
        cv2.setNumThreads(1)
        made = inputs / "floor"
        shutil.rmtree(made, ignore_errors=True)
        export.export_pairs(inputs / "photos", made, styles=_STYLES, size=SIZE, workers=1)
        folders = [sorted((made / name).rglob("*.png")) for name in FOLDERS]
        self._crops = [
            MaskedCrops(*(cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in paths), parameters={})
            for paths in zip(*folders, strict=True)
        ]

    def work(self) -> Outputs:
        """Every photo."""
        for path in sorted((self.inputs / "photos").iterdir()):
            read_photo(path)
        for number, crops_of_one in enumerate(self._crops):
            for folder, content in zip(FOLDERS, export.encoded_pictures(crops_of_one), strict=True):
                export._write(self.inputs / "floor" / "again" / folder / f"{number}.png", content)
        return {}
