"""Two halves make a method: a detector finds the mask, a completer fills it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmark.faces import Points
from benchmark.masked_faces import MaskedFaces, MaskedPairs
from benchmark.methods.base import Method, MethodCard, Restored, Unmasker
from benchmark.methods.detectors.base import DetectionCost, Detector, detected


class DetectInpaint(Unmasker):
    """A completer that is given the holes a detector found.

    Args:
        detector: finds the holes.
        completer: fills them; never sees the true ones, unless the detector hands them on.
        name: canonical name, as in tables.
    """

    def __init__(self, detector: Detector, completer: Unmasker, *, name: str) -> None:
        super().__init__(seed=completer.seed, device=completer.device)
        self.name = name
        self.preset = completer.preset
        self.settings = completer.settings
        self.detector = detector
        self.completer = completer
        self.trains = detector.trains or completer.trains
        self.needs_holes = detector.card.privileged
        self.mask_source = detector.mask_source
        self.keeps_known_pixels = completer.keeps_known_pixels
        self.precision = completer.precision
        self.card = _joint_card(detector.card, completer.card, summary=_summary(detector, completer))

    @property
    def label(self) -> str:
        """The name, with the completer's preset where it is not the default one."""
        return self.name if self.completer.label == self.completer.name else f"{self.name}:{self.preset}"

    def networks(self) -> dict[str, nn.Module]:
        """The networks of both halves."""
        return {**self.detector.networks(), **self.completer.networks()}

    def parts(self) -> tuple[Method, ...]:
        """The parts of the detector, then those of the completer."""
        return (*self.detector.parts(), *self.completer.parts())

    def fit(self, pairs: MaskedPairs, *, progress: Any) -> None:
        """Fit each half that learns."""
        for half in (self.detector, self.completer):
            if half.trains:
                half.fit(pairs, progress=progress)

    def save(self, folder: Path) -> None:
        """Each half in a folder of its own."""
        for label, half in (("detector", self.detector), ("completer", self.completer)):
            (folder / label).mkdir()
            half.save(folder / label)

    def load(self, folder: Path) -> None:
        """Read both halves."""
        self.detector.load(folder / "detector")
        self.completer.load(folder / "completer")

    def restore(self, faces: MaskedFaces) -> Tensor:
        """The completer's `restore`; `faces.holes` are then the detector's."""
        return self.completer.restore(faces)

    def unmask(
        self,
        pixels: NDArray[np.uint8],
        holes: NDArray[np.uint8] | None,
        landmarks: Points,
        image_ids: tuple[str, ...],
        true_pixels: NDArray[np.uint8] | None = None,
        *,
        bar: Any = None,
    ) -> Restored:
        """Find the holes, fill them; see `Unmasker.unmask`. Time is the sum of both, memory the larger."""
        told = holes if self.detector.card.privileged else None
        found, cost = detected(self.detector, pixels, told, image_ids)
        return self.fill(
            pixels, found, cost, landmarks=landmarks, image_ids=image_ids, true_pixels=true_pixels, bar=bar
        )

    def fill(
        self,
        pixels: NDArray[np.uint8],
        found: NDArray[np.uint8],
        cost: DetectionCost,
        *,
        landmarks: Points,
        image_ids: tuple[str, ...],
        true_pixels: NDArray[np.uint8] | None = None,
        bar: Any = None,
    ) -> Restored:
        """Fill holes that the detector has `found` at a `cost`, which is counted in; otherwise as `unmask`."""
        restored = self.completer.unmask(pixels, found, landmarks, image_ids, true_pixels, bar=bar)
        return Restored(
            restored.pixels,
            restored.refused,
            restored.seconds_per_image + cost.seconds,
            float(np.fmax(restored.peak_memory_mib, cost.peak_memory_mib)) if len(pixels) else math.nan,
            restored.clipped,
        )


def _summary(detector: Detector, completer: Unmasker) -> str:
    told = "is told the mask" if detector.card.privileged else f"the mask is found by {detector.name}"
    first_line = (completer.card.summary or (completer.__doc__ or "").strip().partition("\n")[0]).rstrip(".")
    return f"{first_line} ({told})."


def _joint_card(detector: MethodCard, completer: MethodCard, *, summary: str) -> MethodCard:
    """A property of either half is a property of the whole."""
    licences = dict.fromkeys((completer.licence, detector.licence))
    return MethodCard(
        summary=summary,
        source=completer.source,
        licence="; ".join(licences),
        trained_on=tuple(dict.fromkeys((*detector.trained_on, *completer.trained_on))),
        saw_recognisers=tuple(dict.fromkeys((*detector.saw_recognisers, *completer.saw_recognisers))),
        parameters={**detector.parameters, **completer.parameters},
        privileged=detector.privileged or completer.privileged,
        slow=detector.slow or completer.slow,
        baseline=completer.baseline and not detector.privileged,
    )
