"""The kind of most methods: a masked face in, a restored face out."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmark.errors import PluginError
from benchmark.faces import Points
from benchmark.machine.cost import CostMeter
from benchmark.machine.device_memory import half_batch
from benchmark.machine.native_precision import native_precision
from benchmark.masked_faces import MaskedFaces, resized, to_holes, to_pixels, to_tensor
from benchmark.methods.learner import PairLearner
from benchmark.plugin_code.guard import plugin_code
from benchmark.seeds import seed_for

_REFERENCE_SIDE = 128
_OVERSHOOT = 0.5
_ROUNDING = 1 / 255


@dataclass(frozen=True)
class Restored:
    """What `Unmasker.unmask` returns.

    Attributes:
        pixels: ``uint8 (N, S, S, 3)``; black where `refused`.
        refused: ``bool (N,)``, rows for which the method gave values that are not finite: failures of that image.
        seconds_per_image: mean wall time, everything included (resizing, detector, transfers).
        peak_memory_mib: see `benchmark.machine.cost.CostMeter`; NaN where unknown.
        clipped: ``bool (N,)``, rows for which values that are kept were outside [0, 1] by more than rounding.
    """

    pixels: NDArray[np.uint8]
    refused: NDArray[np.bool_]
    seconds_per_image: float
    peak_memory_mib: float
    clipped: NDArray[np.bool_]


class Unmasker(PairLearner):
    """Restores the probe's photo. An author writes `restore`, and `fit` where there is something to learn
    (see `Learner`).

    The base class batches, moves pixels to the device and to the method's working size and back, and pastes the
    known pixels back where the method declares so.
    """

    needs_holes: bool = True
    """Whether `restore` reads `MaskedFaces.holes`; such a method is a *completer*: asked for by its name alone it is
    given holes that a detector found."""
    keeps_known_pixels: bool = True
    """Whether pixels outside the hole are pasted back; a blind method may rewrite the whole face."""
    working_size: int | None = None
    """Side that `restore` works at; None = the run's."""
    batch_size: int = 32
    """Faces of 128 px given to `restore` at once, at most; fewer of larger ones, in proportion to their area."""
    batch_size_on_processor: int = 8
    """The same on a processor, where what layers hand on to each other should stay in its cache: as many pixels, but no
    more faces than `batch_size`."""
    precision: str = "float32"
    """Of `restore`: ``"float32"``, or ``"bfloat16"`` or ``"float16"`` for autocast where the device has units for it
    (see `native_precision`)."""

    @abstractmethod
    def restore(self, faces: MaskedFaces) -> Tensor:
        """Restored faces, ``float32 (B, 3, H, W)`` in [0, 1]. A row that is not finite refuses that image.

        A method with a network always sees full batches (the last is filled up with copies), so that a face's result
        depends neither on its neighbours nor on how many there are. Randomness comes from `noise` alone.
        """

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
        """Restore N acquired faces.

        Args:
            pixels: ``uint8 (N, S, S, 3)``, masked faces (or bare ones, passed through).
            holes: ``uint8 (N, S, S)``, 255 = covered; hidden from a method that does not need them.
            landmarks: ``float32 (N, 68, 2)``, pixels of the crop.
            image_ids: one per row.
            true_pixels: ``uint8 (N, S, S, 3)``; hidden from a method that is not privileged.
            bar: a bar of `benchmark.progress.Progress`, advanced by one per image.

        Raises:
            PluginError: `restore` broke its contract: another shape, or values far outside [0, 1].
        """
        if self.needs_holes and holes is None:
            raise PluginError(f"method '{self._called}' needs to know the hole; ask for it as DETECTOR+{self._called}")
        shown = holes if self.needs_holes else None
        truth = true_pixels if self.card.privileged else None
        restored = np.array(pixels)
        refused = np.zeros(len(pixels), dtype=bool)
        clipped = np.zeros(len(pixels), dtype=bool)
        pastes = self.keeps_known_pixels and shown is not None
        touched = np.arange(len(pixels))
        if self.keeps_known_pixels and shown is not None and len(shown):
            touched = np.flatnonzero(shown.reshape(len(shown), -1).any(axis=1))  # no hole: nothing may change
        if len(touched):
            self.networks()  # now: loading them is no part of what a face costs
        with CostMeter(self.device) as meter, torch.inference_mode():
            for rows, batch in self._batches(touched, pixels.shape[1]):
                hidden = np.zeros((len(batch), *pixels.shape[1:3]), dtype=np.uint8)
                faces = MaskedFaces(
                    pixels=to_tensor(pixels[batch], self.device),
                    holes=to_holes(hidden if shown is None else shown[batch], self.device),
                    landmarks=torch.from_numpy(np.asarray(landmarks[batch], dtype=np.float32)).to(self.device),
                    image_ids=tuple(image_ids[row] for row in batch),
                    true_pixels=None if truth is None else to_tensor(truth[batch], self.device),
                )
                images, beyond = (of_batch[: len(rows)] for of_batch in self._restore_checked(faces, pastes=pastes))
                finite = images.isfinite().flatten(1).all(dim=1).cpu().numpy()
                painted = to_pixels(images.nan_to_num(0.0))
                if pastes and shown is not None:
                    painted = np.where(shown[rows][..., None] > 0, painted, pixels[rows])
                restored[rows] = painted
                refused[rows] = ~finite
                clipped[rows] = beyond.cpu().numpy() & finite
                if bar is not None:
                    bar.update(len(rows))
        restored[refused] = 0
        if bar is not None:
            bar.update(len(pixels) - len(touched))
        return Restored(restored, refused, meter.seconds / max(1, len(pixels)), meter.peak_memory_mib, clipped)

    def noise(self, image_ids: tuple[str, ...], *shape: int) -> Tensor:
        """Standard normal noise ``float32 (B, *shape)``, each row drawn from its own image's seed."""
        rows = []
        for image_id in image_ids:
            generator = torch.Generator().manual_seed(seed_for(self.seed, "noise", self._called, image_id) >> 1)
            rows.append(torch.randn(shape, generator=generator))
        return torch.stack(rows).to(self.device)

    @property
    def _called(self) -> str:
        return self.name or type(self).__name__

    def _batches(self, touched: NDArray[np.intp], size: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Rows to store, and rows to compute: the same, the last one repeated up to a full batch for a network."""
        side = self.working_size or size
        on_processor = torch.device(self.device).type == "cpu"
        at_once = min(self.batch_size, self.batch_size_on_processor) if on_processor else self.batch_size
        count = max(1, min(self.batch_size, at_once * _REFERENCE_SIDE**2 // side**2))
        networks = bool(self.networks())
        batches = []
        for start in range(0, len(touched), count):
            rows = touched[start : start + count]
            missing = count - len(rows) if networks else 0
            batches.append((rows, np.concatenate([rows, np.repeat(rows[-1], missing)])))
        return batches

    def _restore_as_fits(self, faces: MaskedFaces) -> Tensor:
        """`restore`, in halves of the batch where the whole does not fit into the device's memory."""
        try:
            return self.restore(faces)
        except torch.OutOfMemoryError as error:
            half = half_batch(len(faces.pixels), error)
        return torch.cat([self._restore_as_fits(faces.part(rows)) for rows in (slice(half), slice(half, None))])

    def _restore_checked(self, faces: MaskedFaces, *, pastes: bool) -> tuple[Tensor, Tensor]:
        """The restored faces; and ``bool (B,)``, those with values outside [0, 1], where they are kept, by more than
        rounding."""
        size = faces.pixels.shape[-1]
        work = faces if self.working_size in (None, size) else faces.resized(int(self.working_size or size))
        kind = torch.device(self.device).type
        precision = native_precision(self.precision, self.device)
        low = precision != "float32"
        with (
            torch.autocast(kind, dtype=getattr(torch, precision) if low else torch.bfloat16, enabled=low),
            plugin_code(f"method '{self._called}' fails in restore()"),
        ):
            images = self._restore_as_fits(work)
        if not isinstance(images, Tensor) or images.shape != work.pixels.shape:
            given = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
            raise PluginError(
                f"method '{self._called}' returned {given} from restore(), which must return a tensor of shape "
                f"{tuple(work.pixels.shape)}"
            )
        if not images.is_floating_point():
            raise PluginError(
                f"method '{self._called}' returned {images.dtype} from restore(); it must be floating point in [0, 1]"
            )
        images = images.float()
        lowest, highest = _extremes(images)
        if not -_OVERSHOOT <= lowest <= highest <= 1 + _OVERSHOOT:
            raise PluginError(
                f"method '{self._called}' returned values from {lowest:.3g} to {highest:.3g} "
                "from restore(); they must be in [0, 1]: rescale or clamp them"
            )
        rounding = _ROUNDING if not low else max(_ROUNDING, torch.finfo(getattr(torch, precision)).eps)
        if -rounding <= lowest <= highest <= 1 + rounding:  # known already, and so for nearly every batch
            beyond = torch.zeros(len(images), dtype=torch.bool)
        else:
            outside = (images < -rounding) | (images > 1 + rounding)
            beyond = (outside & (work.holes > 0) if pastes else outside).flatten(1).any(dim=1)
        return resized(images, size), beyond


def _extremes(images: Tensor) -> tuple[float, float]:
    """Lowest and highest of the finite numbers; 0 and 0 where there are none."""
    lowest, highest = (float(value) for value in images.aminmax())
    if math.isfinite(lowest) and math.isfinite(highest):
        return lowest, highest
    finite = images[images.isfinite()]  # picked one by one, which takes longer than many a network
    return (float(finite.min()), float(finite.max())) if finite.numel() else (0.0, 0.0)
