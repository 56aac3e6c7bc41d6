"""An inpainting network in an ONNX file: its inputs and output are told apart once, when it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import PluginError, RequestError
from benchmark.methods.own_completers.completer_spec import CompleterSpec, Inputs
from benchmark.own_networks.onnx_session import TYPES, chosen_output, known_extents, one_line, open_session, shape_text
from benchmark.suggestions import did_you_mean

_TYPES = {**TYPES, "tensor(bool)": np.bool_}
_TRIED_SIDE = 64
"""Side of the picture that a network of any size is tried with."""
_STACKED: dict[Inputs, int] = {"stacked": 4, "mask-first": 4, "image": 3}


@dataclass(frozen=True)
class _Input:
    """One input of the network.

    Attributes:
        name: in the file.
        kind: of its numbers.
        axes: ``"NCHW"``, ``"NHWC"``, or ``"NHW"`` for a mask without channels.
        batch: how many pictures at once; None if that is open.
        size: (height, width); None where one is open.
        channels: None if open.
    """

    name: str
    kind: type[np.generic]
    axes: str
    batch: int | None
    size: tuple[int | None, int | None]
    channels: int | None

    def fed(self, values: NDArray[np.float32]) -> NDArray[Any]:
        """`values` ``(B, C, H, W)`` as the input takes them."""
        ordered = values.transpose(0, 2, 3, 1) if self.axes == "NHWC" else values
        ordered = ordered[:, 0] if self.axes == "NHW" else ordered
        if self.kind == np.uint8:
            ordered = ordered.round().clip(0, 255)
        return np.ascontiguousarray(ordered, dtype=self.kind)


class OnnxInpainter:
    """Pictures and masks in, pictures out.

    Args:
        file: the exported network.
        spec: its card.
        device: a torch device name.

    Attributes:
        spec: the card, with what the file fixes filled in.
        batch: how many pictures it must be given at a time; None if any number.

    Raises:
        RequestError: the file is no ONNX network of a picture and a mask, or another one than `spec` describes; or
            onnxruntime is missing, or has no CUDA where `device` asks for it.
        PluginError: the network cannot be run.
    """

    def __init__(self, file: Path, spec: CompleterSpec, *, device: str = "cpu") -> None:
        self._file = file
        self._mask: _Input | None = None
        self._session = open_session(file, device)
        inputs = [_described(file, given) for given in self._session.get_inputs()]
        how = _inputs(file, inputs, spec)
        if how == "separate":
            self._picture, self._mask = _told_apart(file, inputs, spec)
        else:
            self._picture = inputs[0]
        size = _size(file, inputs, spec)
        self.spec = spec.model_copy(update={"inputs": how, "size": size, **_of_bytes(file, inputs, spec)})
        self._output = chosen_output(self._session, spec.output, file=self._file, holds="picture")
        batches = {given.batch for given in inputs} - {None}
        if len(batches) > 1:
            raise RequestError(f"{file} takes different numbers of pictures and masks at once; export it with one")
        self.batch: int | None = next(iter(batches), None)
        self._try()

    def __call__(self, pictures: NDArray[np.float32], masks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pictures ``float32 (B, 3, H, W)`` of pictures ``(B, 3, H, W)`` and masks ``(B, 1, H, W)``, all scaled as the
        card says."""
        stacks = {"stacked": (pictures, masks), "mask-first": (masks, pictures), "image": (pictures,)}
        how = self.spec.inputs or "separate"
        first = pictures if how == "separate" else np.concatenate(stacks[how], axis=1)
        fed = {self._picture.name: self._picture.fed(first)}
        if self._mask is not None:
            fed[self._mask.name] = self._mask.fed(masks)
        try:
            (found,) = self._session.run([self._output], fed)
        except Exception as error:  # onnxruntime's errors share no base of their own
            shapes = " and ".join(str(value.shape) for value in fed.values())
            raise PluginError(f"{self._file} cannot be run on {shapes}: {one_line(error)}") from error
        painted = np.asarray(found)
        if painted.dtype.kind not in "fiu" or painted.ndim != 4:
            raise PluginError(
                f"{self._file}: output '{self._output}' is {painted.dtype} of shape {painted.shape} where a picture is "
                "needed, (N, 3, height, width) or (N, height, width, 3); name another one in the card as 'output: NAME'"
            )
        if painted.shape[1] != 3 and painted.shape[3] == 3:
            painted = painted.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(painted, dtype=np.float32)

    def _try(self) -> None:
        """Run it once on grey pictures: what does not fit is told now, not after an hour of other work."""
        step = self.spec.multiple
        height, width = self.spec.size or (-(-_TRIED_SIDE // step) * step,) * 2
        if self.batch is None and not self._takes_batches(height, width):
            self.batch = 1
        count = self.batch or 1
        shape = self._on_grey(count, height, width).shape
        if shape != (count, 3, height, width):
            raise RequestError(
                f"{self._file}: output '{self._output}' has shape {shape} for {count} pictures of {height}×{width} "
                "where pictures as large as the input are needed, of three channels; name another one in the card as "
                "'output: NAME', or export it so"
            )

    def _takes_batches(self, height: int, width: int) -> bool:
        """A file may take batches and not be made for them."""
        try:
            return self._on_grey(2, height, width).shape[:1] == (2,)
        except PluginError:
            return False

    def _on_grey(self, count: int, height: int, width: int) -> NDArray[np.float32]:
        grey = np.full((count, 3, height, width), sum(self.spec.values) / 2, dtype=np.float32)
        mask = np.full((count, 1, height, width), self.spec.mask_values[0], dtype=np.float32)
        mask[:, :, height // 2 :] = self.spec.mask_values[1]
        return self(grey, mask)


def _described(file: Path, given: Any) -> _Input:
    if given.type not in _TYPES:
        raise RequestError(f"{file} takes {given.type} where {' or '.join(_TYPES)} is understood; export it so")
    known = known_extents(given.shape)
    if len(known) == 3:
        return _Input(given.name, _TYPES[given.type], "NHW", known[0], (known[1], known[2]), 1)
    if len(known) != 4:
        raise _no_picture(file, given)
    last = known[1] not in (1, 3, 4) and known[3] in (1, 3, 4)
    channels, sides = (known[3], known[1:3]) if last else (known[1], known[2:4])
    if channels not in (1, 3, 4, None):
        raise _no_picture(file, given)
    return _Input(given.name, _TYPES[given.type], "NHWC" if last else "NCHW", known[0], (sides[0], sides[1]), channels)


def _no_picture(file: Path, given: Any) -> RequestError:
    return RequestError(
        f"{file}: input '{given.name}' has shape {shape_text(given.shape)} where a picture (N, 3, height, width), a "
        "mask (N, 1, height, width) or both stacked (N, 4, height, width) is needed, or the same with channels last"
    )


def _inputs(file: Path, inputs: Sequence[_Input], spec: CompleterSpec) -> Inputs:
    """How the network takes picture and mask: as the file says, which must be what the card says."""
    names = ", ".join(given.name for given in inputs)
    if len(inputs) > 2:
        raise RequestError(
            f"{file} takes {len(inputs)} inputs ({names}) where a completer takes a picture and a mask; export it so"
        )
    if len(inputs) == 2:
        if spec.inputs not in (None, "separate"):
            raise RequestError(f"{file} takes two inputs ({names}) where its card says 'inputs: {spec.inputs}'")
        return "separate"
    channels = inputs[0].channels
    if spec.inputs is None:
        how: Inputs = "image" if channels == 3 else "stacked"
    else:
        how = spec.inputs
    if how == "separate":
        raise RequestError(f"{file} takes one input ({names}) where its card says 'inputs: separate'")
    if channels not in (None, _STACKED[how]):
        raise RequestError(
            f"{file} takes {channels} channels where 'inputs: {how}' has {_STACKED[how]}; correct 'inputs' in the card"
        )
    return how


def _told_apart(file: Path, inputs: Sequence[_Input], spec: CompleterSpec) -> tuple[_Input, _Input]:
    """The input for the picture, and the one for the mask."""
    names = [given.name for given in inputs]
    if spec.mask_input is not None:
        if spec.mask_input not in names:
            hint = did_you_mean(spec.mask_input, names, listed="it has")
            raise RequestError(f"{file} has no input '{spec.mask_input}', as its card says; {hint}")
        masks = [given for given in inputs if given.name == spec.mask_input]
    else:
        masks = [given for given in inputs if given.channels == 1] or [
            given for given in inputs if given.channels is None and "mask" in given.name.lower()
        ]
    if len(masks) != 1:
        raise RequestError(
            f"{file}: it is unclear which of its inputs ({', '.join(names)}) takes the mask; name it in the card, as "
            f"'mask_input: {names[-1]}'"
        )
    (mask,) = masks
    picture = inputs[1 - inputs.index(mask)]
    if picture.channels not in (3, None) or mask.channels not in (1, None):
        raise RequestError(
            f"{file}: '{picture.name}' takes {picture.channels} channels and '{mask.name}' {mask.channels} where a "
            "picture has three and a mask one; name the mask in the card, as 'mask_input: NAME'"
        )
    return picture, mask


def _size(file: Path, inputs: Sequence[_Input], spec: CompleterSpec) -> tuple[int, int] | None:
    """(height, width): the file's where it fixes them, else the card's."""
    fixed = {(height, width) for height, width in (given.size for given in inputs) if height and width}
    if len(fixed) > 1:
        raise RequestError(f"{file} takes a picture and a mask of different sizes; export it with one size")
    if not fixed:
        return spec.size
    ((height, width),) = fixed
    if spec.size is not None and spec.size != (height, width):
        raise RequestError(
            f"{file} takes pictures of {height}×{width} pixels (height × width) where its card says "
            f"{spec.size[0]}×{spec.size[1]}; correct 'size' in the card"
        )
    return height, width


def _of_bytes(file: Path, inputs: Sequence[_Input], spec: CompleterSpec) -> dict[str, tuple[float, float]]:
    """The scales of a network that takes whole numbers of 0 to 255, where the card does not give them."""
    scales: dict[str, tuple[float, float]] = {}
    mask_is_bytes = inputs[-1].kind == np.uint8
    if any(given.kind == np.uint8 and given.channels != 1 for given in inputs):
        if "values" in spec.model_fields_set and (min(spec.values) < 0 or max(spec.values) < 2):
            raise RequestError(f"{file} takes bytes, whole numbers of 0 to 255; correct 'values' in the card")
        if "values" not in spec.model_fields_set:
            scales["values"] = (0.0, 255.0)
        if "mask_values" not in spec.model_fields_set and len(inputs) == 1:
            scales["mask_values"] = (0.0, 255.0)
    if mask_is_bytes and "mask_values" in spec.model_fields_set and min(spec.mask_values) < 0:
        raise RequestError(f"{file} takes a mask of bytes; correct 'mask_values' in the card")
    return scales
