"""How a network wants its faces: the card that a user writes for a network of their own, in YAML or in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from benchmark.artifacts import digest
from benchmark.cards import RecogniserCard
from benchmark.faces import FaceGeometry, Image
from benchmark.own_networks.card_reading import card_from, read_card
from benchmark.recognisers.face_recognition import face_chip
from benchmark.recognisers.five_point_template import FivePointTemplate, arcface_template

if TYPE_CHECKING:
    from torch import Tensor

Side = Annotated[int, Field(ge=16, le=1024)]
Point = tuple[float, float]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Channels = tuple[Finite, Finite, Finite]


class RecogniserSpec(BaseModel):
    """Every key may be left out; what is left out is ArcFace's.

    Attributes:
        size: (height, width) of the chip, pixels; one number for a square.
        mean: subtracted from pixels of 0 to 255; one number, or one per channel in the order of `channels`.
        std: divides what is left; likewise.
        channels: order in which the network takes them, ``"rgb"`` or ``"bgr"``.
        template: how the face is aligned: ``"arcface"``; ``"dlib-chip"``, the chip of dlib's recogniser; or five
            points (x, y) in pixels of the chip: eye, eye, tip of the nose, corner of the mouth, corner of the mouth,
            each pair from left to right in the image.
        flip: append the embedding of the mirror image, as many evaluations do.
        metric: ``"cosine"`` or ``"euclidean"``.
        output: name of the output that holds the embedding, or in a tuple its place from 0, if there are several.
        pixels: what the network takes: ``"normalised"`` floats, or ``"bytes"``, whole numbers of 0 to 255 as ``uint8``,
            for a network that normalises by itself; mean and std are then left out.
        summary: one line for lists.
        licence: the licence of the weights.
        trained_on: data sets that the weights have seen, by name.
        source: paper or address.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    size: tuple[Side, Side] = (112, 112)
    mean: Channels = (127.5, 127.5, 127.5)
    std: Channels = (127.5, 127.5, 127.5)
    channels: Literal["rgb", "bgr"] = "rgb"
    template: Literal["arcface", "dlib-chip"] | tuple[Point, Point, Point, Point, Point] = "arcface"
    flip: bool = False
    metric: Literal["cosine", "euclidean"] = "cosine"
    output: str | None = None
    pixels: Literal["normalised", "bytes"] = "normalised"
    summary: str = ""
    licence: str = "not stated"
    trained_on: tuple[str, ...] = ()
    source: str = ""

    @field_validator("size", mode="before")
    @classmethod
    def _square(cls, value: Any) -> Any:
        return (value, value) if isinstance(value, int) else value

    @field_validator("mean", "std", mode="before")
    @classmethod
    def _for_every_channel(cls, value: Any) -> Any:
        return (value,) * 3 if isinstance(value, int | float) else value

    @field_validator("output", mode="before")
    @classmethod
    def _place(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("trained_on", mode="before")
    @classmethod
    def _one_name(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("std")
    @classmethod
    def _divides(cls, value: Channels) -> Channels:
        if min(value) <= 0:
            raise ValueError("must be above 0")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> RecogniserSpec:
        if 0 < max(self.mean) <= 1 and max(self.std) <= 1:
            raise ValueError("mean and std are for pixels of 0 to 255: multiply them by 255")
        if self.pixels == "bytes" and self.model_fields_set & {"mean", "std"}:
            raise ValueError("pixels: bytes are not normalised; leave mean and std out, or write 'pixels: normalised'")
        if self.template == "dlib-chip" and self.size[0] != self.size[1]:
            raise ValueError("template: dlib-chip is square; give one size, or another template")
        if isinstance(self.template, tuple) and not np.ptp(self.template, axis=0).min() > 1:
            raise ValueError("template: the five points must not be on one line; they are pixels of the chip")
        return self

    @property
    def settings(self) -> str:
        """Digest of what decides an embedding besides the weights."""
        names = {"size", "mean", "std", "channels", "template", "flip", "output"}
        names |= {"pixels"} if self.pixels == "bytes" else set()
        return digest(self.model_dump(mode="json", include=names))

    @cached_property
    def cut(self) -> Callable[[Image, FaceGeometry], Image]:
        """Cuts the aligned chip ``uint8 (height, width, 3)`` out of an image ``uint8 (H, W, 3)``."""
        if self.template == "dlib-chip":
            return lambda image, face: face_chip(image, face.five_points, size=self.size[0])
        return self._five_points.chip

    def chip_grid(self, landmarks: Tensor, side: int) -> Tensor:
        """Where the chip's pixels are in crops of `side` pixels with landmarks ``(B, 68, 2)``: ``(B, h, w, 2)``."""
        from benchmark.recognisers.chip_grids import dlib_chip_grid, five_point_grid  # noqa: PLC0415  # PyTorch

        if self.template == "dlib-chip":
            return dlib_chip_grid(landmarks, side, size=self.size[0])
        return five_point_grid(landmarks, side, self._five_points)

    @property
    def _five_points(self) -> FivePointTemplate:
        if self.template == "arcface":
            return arcface_template(self.size)
        return FivePointTemplate(self.size, np.array(self.template))

    def normalised(self, chips: NDArray[np.uint8]) -> NDArray[np.float32 | np.uint8]:
        """What the network sees of chips ``uint8 (N, h, w, 3)``: ``float32 (N, 3, h, w)``, or ``uint8`` for bytes."""
        ordered = chips[..., ::-1] if self.channels == "bgr" else chips
        if self.pixels == "bytes":
            return np.ascontiguousarray(ordered.transpose(0, 3, 1, 2))
        mean, std = (np.array(values, dtype=np.float32) for values in (self.mean, self.std))
        scaled = (ordered.astype(np.float32) - mean) / std
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))

    def embedded(self, network: Callable[[Tensor], Tensor], pixels: Tensor) -> Tensor:
        """Embeddings of chips ``float32 (N, 3, h, w)`` in [0, 1], RGB, by a network of PyTorch, on its device."""
        ordered = pixels.flip(1) if self.channels == "bgr" else pixels
        if self.pixels == "bytes":
            inputs = (ordered * 255).round().byte()
        else:
            mean, std = (ordered.new_tensor(values).view(3, 1, 1) for values in (self.mean, self.std))
            inputs = (ordered * 255 - mean) / std
        embeddings = network(inputs)
        if not self.flip:
            return embeddings
        import torch  # noqa: PLC0415  # recognisers are listed without it

        return torch.cat([embeddings, network(inputs.flip(3))], dim=1)

    def card(self, **about: Any) -> RecogniserCard:
        """The card of a recogniser that keeps to this; `about` adds what only the recogniser knows."""
        described = {
            "summary": self.summary,
            "licence": self.licence,
            "trained_on": self.trained_on,
            "source": self.source,
            "chip_size": self.size,
            "alignment": _ALIGNMENTS[self.template] if isinstance(self.template, str) else "similarity on 5 own points",
            "normalisation": self._normalisation(),
            "metric": self.metric,
        }
        return RecogniserCard(**{**described, **{name: value for name, value in about.items() if value}})

    def _normalisation(self) -> str:
        mean, std = (_short(values) for values in (self.mean, self.std))
        name = self.channels.upper()
        text = name if mean == "0" else f"({name} − {mean})"
        text = text if std == "1" else f"{text} / {std}"
        text = f"{name}, bytes" if self.pixels == "bytes" else text
        return f"{text}; face and mirror image" if self.flip else text


def _short(values: Channels) -> str:
    return f"{values[0]:g}" if len(set(values)) == 1 else f"({', '.join(f'{value:g}' for value in values)})"


_ALIGNMENTS: Mapping[str, str] = {
    "arcface": "similarity on 5 points (eyes, tip of the nose, corners of the mouth), ArcFace's template",
    "dlib-chip": "similarity on dlib's 5 points, padding 0.25",
}


def read_spec(file: Path) -> RecogniserSpec:
    """The card in a YAML file.

    Raises:
        RequestError: the file cannot be read, is not YAML, or a key is unknown (the nearest is suggested) or wrong.
    """
    return read_card(file, RecogniserSpec)


def spec_from(content: Any, *, of: str) -> RecogniserSpec:
    """The card that a mapping holds; see `card_from`."""
    return card_from(content, RecogniserSpec, of=of)
