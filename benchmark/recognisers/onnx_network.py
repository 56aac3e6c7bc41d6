"""A network in an ONNX file, run by onnxruntime: its shape is checked once, when it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import PluginError, RequestError
from benchmark.own_networks.onnx_session import (
    BYTES,
    TYPES,
    chosen_output,
    known_extents,
    one_line,
    open_session,
    shape_text,
)
from benchmark.recognisers.batches import batch_size

_DEFAULT_SIDE = 112


class OnnxNetwork:
    """Images in, embeddings out.

    Args:
        file: the exported network.
        size: (height, width) of its images as its card says; None if the card says nothing: the file decides, and
            where it leaves the size open, 112 × 112.
        output: the output that holds the embedding; None if there is only one.
        device: a torch device name.

    Attributes:
        file: the exported network.
        channels_last: whether it takes images ``(N, height, width, 3)``.
        output_place: the place of the embedding among its outputs, from 0; None if it is the only one.
        size: (height, width) of its images, pixels.
        takes_bytes: whether it wants pixels as whole numbers of 0 to 255, not normalised.
        batch: how many images it is given at a time.
        width: of an embedding.

    Raises:
        RequestError: the file is no ONNX network of one RGB image, its size is not the card's, it has several outputs
            and the card names none of them, or an output that is not one row per image; or onnxruntime is missing, or
            has no CUDA where `device` asks for it.
        PluginError: the network cannot be run.
    """

    def __init__(
        self, file: Path, *, size: tuple[int, int] | None = None, output: str | None = None, device: str = "cpu"
    ) -> None:
        self.file = file
        self._session = open_session(file, device)
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise RequestError(
                f"{file} takes {len(inputs)} inputs ({', '.join(taken.name for taken in inputs)}) where a recogniser "
                "takes one image; export it with that input alone"
            )
        self._input: str = inputs[0].name
        if inputs[0].type not in TYPES:
            raise RequestError(f"{file} takes {inputs[0].type} where {' or '.join(TYPES)} is understood; export it so")
        self._type = TYPES[inputs[0].type]
        self.takes_bytes = inputs[0].type == BYTES
        fixed_batch, self.channels_last, self.size = self._layout(inputs[0].shape, size)
        self._output = chosen_output(self._session, output, file=self.file, holds="embedding")
        names = [given.name for given in self._session.get_outputs()]
        self.output_place = str(names.index(self._output)) if len(names) > 1 else None
        self.batch = fixed_batch or batch_size(device)
        self.width = self._width(fixed_batch is not None)

    def __call__(self, images: NDArray[np.float32 | np.uint8]) -> NDArray[np.float32]:
        """Embeddings ``float32 (batch, width)`` of images ``(batch, 3, height, width)``: normalised, or bytes."""
        return np.asarray(self._run(images), dtype=np.float32)

    def _run(self, images: NDArray[np.float32 | np.uint8]) -> NDArray[Any]:
        ordered = images.transpose(0, 2, 3, 1) if self.channels_last else images
        fed = {self._input: np.ascontiguousarray(ordered, dtype=self._type)}
        try:
            (found,) = self._session.run([self._output], fed)
        except Exception as error:  # onnxruntime's errors share no base of their own
            raise PluginError(f"{self.file} cannot be run on {images.shape} images: {one_line(error)}") from error
        embeddings = np.asarray(found)
        while embeddings.ndim > 2 and embeddings.shape[-1] == 1:  # (N, D, 1, 1), as pooling leaves it
            embeddings = embeddings[..., 0]
        return embeddings

    def _layout(
        self, shape: Sequence[int | str | None], wanted: tuple[int, int] | None
    ) -> tuple[int | None, bool, tuple[int, int]]:
        """Fixed batch size or None, whether channels come last, and (height, width)."""
        known = known_extents(shape)
        colours = [axis for axis in (1, 3) if len(known) == 4 and known[axis] == 3]
        if len(known) == 4 and not colours and known[1] is None:
            colours = [1]  # every extent open: the usual order
        if not colours:
            raise RequestError(
                f"{self.file} takes an input of shape {shape_text(shape)} where images of three channels are needed: "
                "(N, 3, height, width) or (N, height, width, 3)"
            )
        channels_last = colours[0] == 3
        sides = known[1:3] if channels_last else known[2:4]
        default = wanted or (_DEFAULT_SIDE, _DEFAULT_SIDE)
        size = (sides[0] or default[0], sides[1] or default[1])
        if wanted is not None and size != wanted:
            raise RequestError(
                f"{self.file} takes images of {size[0]}×{size[1]} pixels (height × width) where its card says "
                f"{wanted[0]}×{wanted[1]}; correct 'size' in the card"
            )
        return known[0], channels_last, size

    def _width(self, batch_is_fixed: bool) -> int:
        """Of an embedding, by trying. A file may take batches and not be made for them: then one image at a time."""
        if not batch_is_fixed and not self._takes_batches():
            self.batch = 1
        found = self._run(np.zeros((self.batch, 3, *self.size), dtype=np.float32)).shape
        if len(found) != 2 or found[0] != self.batch or found[1] < 2:
            raise RequestError(
                f"{self.file}: output '{self._output}' has shape {found} for {self.batch} images where one row per "
                f"image is needed, ({self.batch}, D); name another one in the card as 'output: NAME', or export it so"
            )
        return int(found[1])

    def _takes_batches(self) -> bool:
        try:
            return self._run(np.zeros((2, 3, *self.size), dtype=np.float32)).shape[:1] == (2,)
        except PluginError:
            return False
