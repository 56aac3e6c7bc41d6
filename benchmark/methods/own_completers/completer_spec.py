"""How an inpainting network wants its picture and its mask: the card that a user writes for a network of their own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from torch import Tensor

from benchmark.artifacts import digest
from benchmark.cards import MethodCard

Side = Annotated[int, Field(ge=16, le=2048)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Pair = tuple[Finite, Finite]
Inputs = Literal["separate", "stacked", "mask-first", "image"]

_BLANKS = {"black": 0.0, "grey": 0.5, "white": 1.0}


class CompleterSpec(BaseModel):
    """Every key may be left out.

    Attributes:
        size: (height, width) that the network takes, pixels; one number for a square. None = what the file fixes, else
            the size of the run's crops.
        fit: how a crop gets to `size`: ``"resize"``, or ``"pad"`` for mirrored borders right and below (the crop must
            not be larger).
        multiple: where the size is open, crops are padded until their sides are multiples of this number.
        values: what black and white are in the network's input.
        output_values: what they are in its output; None = as in `values`.
        channels: order of the colours on both sides, ``"rgb"`` or ``"bgr"``.
        mask_values: what a known and a covered pixel are in the mask.
        blank: what the picture shows where it is covered: ``"keep"``, the mask as it was photographed; or ``"black"``,
            ``"grey"`` or ``"white"``.
        inputs: ``"separate"``: picture and mask; ``"stacked"``: one input of four channels, the mask last;
            ``"mask-first"``: likewise, the mask first; ``"image"``: the picture alone. None = as the file says, else
            separate.
        mask_input: name of the input that takes the mask, if the file does not tell them apart by their channels.
        output: name of the output that holds the picture, or in a tuple its place from 0, if there are several.
        summary: one line for lists.
        licence: the licence of the weights.
        trained_on: data sets that the weights have seen, by name.
        saw_recognisers: recognisers used in its training: no fair judges.
        source: paper or address.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    size: tuple[Side, Side] | None = None
    fit: Literal["resize", "pad"] = "resize"
    multiple: Annotated[int, Field(ge=1, le=512)] = 1
    values: Pair = (0.0, 1.0)
    output_values: Pair | None = None
    channels: Literal["rgb", "bgr"] = "rgb"
    mask_values: Pair = (0.0, 1.0)
    blank: Literal["keep", "black", "grey", "white"] = "keep"
    inputs: Inputs | None = None
    mask_input: str | None = None
    output: str | None = None
    summary: str = ""
    licence: str = "not stated"
    trained_on: tuple[str, ...] = ()
    saw_recognisers: tuple[str, ...] = ()
    source: str = ""

    @field_validator("size", mode="before")
    @classmethod
    def _square(cls, value: Any) -> Any:
        return (value, value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("output", mode="before")
    @classmethod
    def _place(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("trained_on", "saw_recognisers", mode="before")
    @classmethod
    def _one_name(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("values", "output_values", "mask_values")
    @classmethod
    def _differ(cls, value: Pair | None) -> Pair | None:
        if value is not None and value[0] == value[1]:
            raise ValueError("must be two different numbers")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> CompleterSpec:
        if self.size is not None and self.multiple > 1:
            raise ValueError("multiple is for networks of any size; leave it out, or leave size out")
        if self.inputs not in (None, "separate") and self.mask_input is not None:
            raise ValueError("mask_input is for a network with an input of its own for the mask; leave it out")
        return self

    @property
    def read_as(self) -> Pair:
        """What black and white are in the network's output."""
        return self.values if self.output_values is None else self.output_values

    @property
    def settings(self) -> str:
        """Digest of what decides a picture besides the weights."""
        decides = set(type(self).model_fields) - {"summary", "licence", "trained_on", "saw_recognisers", "source"}
        return digest(self.model_dump(mode="json", include=decides))

    def picture(self, pixels: Tensor, holes: Tensor) -> Tensor:
        """The network's picture ``(B, 3, H, W)`` of `pixels` ``(B, 3, H, W)`` in [0, 1] with `holes` ``(B, 1, H, W)``
        of zeros and ones."""
        shown = pixels if self.blank == "keep" else torch.where(holes > 0, _BLANKS[self.blank], pixels)
        ordered = shown.flip(1) if self.channels == "bgr" else shown
        return _between(ordered, self.values)

    def mask(self, holes: Tensor) -> Tensor:
        """The network's mask ``(B, 1, H, W)``."""
        return _between(holes, self.mask_values)

    def pixels(self, output: Tensor) -> Tensor:
        """Pixels where 0 is black and 1 is white, RGB, of a picture ``(B, 3, H, W)`` that the network gave."""
        black, white = self.read_as
        restored = (output.float() - black) / (white - black)
        return restored.flip(1) if self.channels == "bgr" else restored

    def card(self, **about: Any) -> MethodCard:
        """The card of a completer that keeps to this; `about` adds what only the completer knows."""
        described = {
            "summary": self.summary,
            "licence": self.licence,
            "trained_on": self.trained_on or ("unknown",),
            "saw_recognisers": self.saw_recognisers,
            "source": self.source,
        }
        return MethodCard(**{**described, **{name: value for name, value in about.items() if value}})


def _between(values: Tensor, ends: Pair) -> Tensor:
    low, high = ends
    return values if ends == (0.0, 1.0) else values * (high - low) + low
