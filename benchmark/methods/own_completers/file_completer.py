"""What completers of a user's own file share: sizes, padding, checks of what the network gives."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from benchmark.errors import PluginError
from benchmark.masked_faces import MaskedFaces, resized
from benchmark.methods.method import Method
from benchmark.methods.own_completers.completer_spec import CompleterSpec
from benchmark.methods.unmasker import Unmasker

_SLACK = 0.5
"""How far below black and above white, as a share of their distance, an output may overshoot."""
_AREA = 128**2
"""Pixels of a picture of which `Unmasker.batch_size` are worked on at once."""
_BLACK = 1.5 / 255
"""No value of any picture above this: the output's scale is another one."""


@dataclass(frozen=True)
class FileSettings:
    """What decides a picture of such a completer; a part of every key of its results.

    Attributes:
        network: SHA-256 of its file or files, or of its parameters and code.
        card: digest of what the card says.
        runtime: what runs it, with its version; empty for PyTorch, which all keys name.
    """

    network: str
    card: str
    runtime: str = ""


class FileCompleter(Unmasker):
    """A completer whose network is somebody's file; the known pixels are pasted back, whatever it paints there.

    Args:
        named: as ``--methods`` names it, for messages.
        seed: the run's seed.
        device: a torch device name.

    Attributes:
        file_name: of its file, for the manifest.
    """

    settings: FileSettings
    spec: CompleterSpec
    file_name: str = ""

    def __init__(self, named: str, *, seed: int = 0, device: str = "cpu") -> None:
        super().__init__(seed=seed, device=device)
        self.named = named

    @abstractmethod
    def painted(self, picture: Tensor, mask: Tensor) -> Tensor:
        """What the network gives, ``(B, 3, H, W)``, for `picture` ``(B, 3, H, W)`` and `mask` ``(B, 1, H, W)``, both
        as the card wants them."""

    def size_for(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) at which the network is shown crops of this size."""
        if self.spec.size is not None:
            return self.spec.size
        step = self.spec.multiple
        return -(-height // step) * step, -(-width // step) * step

    def restore(self, faces: MaskedFaces) -> Tensor:
        """Restored faces; see `Unmasker.restore`.

        Raises:
            PluginError: the network fails, or gives another shape or scale than its card says.
        """
        height, width = faces.pixels.shape[-2:]
        size = self.size_for(height, width)
        pads = self.spec.size is None or self.spec.fit == "pad"
        if pads:
            pixels, holes = (_padded(images, size, named=self.named) for images in (faces.pixels, faces.holes))
        else:
            pixels = _stretched(faces.pixels, size)
            holes = (_stretched(faces.holes, size) > 1e-4).float()  # a smaller pixel counts if any of it was covered
        output = self._in_portions(self.spec.picture(pixels, holes), self.spec.mask(holes))
        if tuple(output.shape) != tuple(pixels.shape):
            raise PluginError(
                f"{self.named} gives a picture of shape {tuple(output.shape)} where {tuple(pixels.shape)} is needed, "
                "as large as its input and of three channels"
            )
        restored = self._checked(self.spec.pixels(output))
        return restored[..., :height, :width] if pads else _stretched(restored, (height, width))

    def _in_portions(self, pictures: Tensor, masks: Tensor) -> Tensor:
        """What the network gives for all, so many at once that memory is bounded; the last portion is filled up with
        copies, so that a face's result does not depend on how many there are."""
        count, size = len(pictures), self.portion(*pictures.shape[-2:])
        found = []
        for start in range(0, count, size):
            rows = torch.arange(start, start + size).clamp(max=count - 1)
            painted = self.painted(pictures[rows], masks[rows])
            if not painted.ndim or len(painted) != size:
                raise PluginError(f"{self.named} gives shape {tuple(painted.shape)} for {size} pictures")
            found.append(painted[: count - start])
        return torch.cat(found)

    def portion(self, height: int, width: int) -> int:
        """Pictures of this size that are given to the network at once."""
        return max(1, self.batch_size * _AREA // (height * width))

    def _checked(self, restored: Tensor) -> Tensor:
        """About 0 to 1: the base class clips, and counts an image with values that are not finite as failed."""
        known = restored[restored.isfinite()]
        if not known.numel():
            return restored
        low, high = float(known.min()), float(known.max())
        black, white = self.spec.read_as
        found = f"values from {_number(low * (white - black) + black)} to {_number(high * (white - black) + black)}"
        says = f"its card says that black is {_number(black)} and white {_number(white)} in its output"
        if low < -_SLACK or high > 1 + _SLACK:
            raise PluginError(f"{self.named} gives {found}, but {says}; correct output_values in the card")
        if high < _BLACK:
            raise PluginError(
                f"{self.named} gives {found}, which is all black, for {says}; correct output_values in the card"
            )
        return restored


def own_completers(methods: Iterable[Method]) -> dict[str, FileCompleter]:
    """The completers in files of the user's among the parts of `methods`, by label."""
    parts = (part for method in methods for part in method.parts())
    return {part.label: part for part in parts if isinstance(part, FileCompleter)}


def _padded(images: Tensor, size: tuple[int, int], *, named: str) -> Tensor:
    """Images with mirrored borders right and below."""
    height, width = images.shape[-2:]
    down, right = size[0] - height, size[1] - width
    if down < 0 or right < 0:
        raise PluginError(
            f"{named} takes {size[0]}×{size[1]} pixels, and crops of {height}×{width} are not padded to that; use "
            "'fit: resize' in its card, or a smaller --size"
        )
    while down or right:  # a border can mirror no more than there is
        now = min(down, images.shape[-2] - 1), min(right, images.shape[-1] - 1)
        images = functional.pad(images, (0, now[1], 0, now[0]), mode="reflect")
        down, right = down - now[0], right - now[1]
    return images


def _stretched(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Images at `size`: bilinear, averaging what a smaller pixel covers."""
    if size[0] == size[1]:
        return resized(images, size[0])
    return functional.interpolate(images, size=size, mode="bilinear", antialias=True, align_corners=False)


def _number(value: float) -> str:
    return f"{value:.3g}"


def as_tensor(output: object, *, named: str) -> Tensor:
    """`output`, if it is a tensor of numbers.

    Raises:
        PluginError: it is something else.
    """
    if not isinstance(output, Tensor) or output.is_complex() or output.dtype == torch.bool:
        given = f"a tensor of {output.dtype}" if isinstance(output, Tensor) else type(output).__name__
        raise PluginError(f"{named} gives {given} where a picture is needed, a tensor (N, 3, height, width)")
    return output
