"""The file of a combination: which methods take part, and for each recogniser the numbers that combine them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

NONE = "none"
"""The member that leaves a face as it is."""
Finite = Annotated[float, Field(allow_inf_nan=False)]
Numbers = tuple[Finite, ...]


class FusionNumbers(BaseModel):
    """``offset + Σ weight · score``, for one recogniser.

    Attributes:
        weights: of each member's score.
        offset: brings the scores to the recogniser's own scale; changes no rate.
        sha256: of the recogniser's weights; empty = any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Numbers
    offset: Finite = 0.0
    sha256: str = ""


class GateNumbers(BaseModel):
    """Which member a probe's score comes from, for one recogniser.

    Attributes:
        scales: for each member, by which its scores are multiplied to make them comparable.
        offsets: what is added then.
        gains: for each member the coefficients of its predicted gain: a constant, then one for the movement of every
            member but the first (see `Gate`). Those of the first are zeros.
        margin: a member is chosen only if its predicted gain is above this.
        sha256: of the recogniser's weights; empty = any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scales: Numbers
    offsets: Numbers
    gains: tuple[Numbers, ...]
    margin: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    sha256: str = ""


class CombinationSpec(BaseModel):
    """A combination.

    Attributes:
        kind: ``"fusion"`` or ``"gate"``.
        members: methods as ``--methods`` names them, or ``none``.
        recognisers: the numbers of each recogniser, by label.
        weights: of a fusion: weights for every recogniser that `recognisers` does not name.
        learned_on: what the numbers were learned on; for the report.
        member_weights: SHA-256 of the weights that the members had then, by the label of the part, those of an adapter
            by ``ADAPTER@RECOGNISER``; empty = not recorded.
        dataset: the data set that they were learned on; empty = not recorded.
        people: a mark of everybody whom they were learned on, by which a run refuses to test on these.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["fusion", "gate"]
    members: tuple[str, ...]
    recognisers: Mapping[str, FusionNumbers | GateNumbers] = {}
    weights: Numbers | None = None
    learned_on: str = ""
    member_weights: Mapping[str, str] = {}
    dataset: str = ""
    people: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> CombinationSpec:
        count = len(self.members)
        if count < 2 or len(set(self.members)) < count:
            raise ValueError("members: name two methods or more, each once")
        if any(member.startswith(("fusion:", "gate:")) for member in self.members):
            raise ValueError("members: a combination cannot be a member of another one")
        if self.kind == "gate" and self.members[0] != NONE:
            raise ValueError("members: the first choice of a gate must be 'none'")
        if self.weights is not None and (self.kind == "gate" or len(self.weights) != count):
            raise ValueError(f"weights: a fusion of {count} members needs {count} of them; a gate has none")
        if not self.recognisers and self.weights is None:
            raise ValueError("recognisers: it has numbers for none; `fuse` learns them")
        for name, numbers in self.recognisers.items():
            if isinstance(numbers, FusionNumbers):
                if self.kind == "gate":
                    raise ValueError(f"recognisers: {name} has weights, and a gate needs scales, offsets and gains")
                lengths = [len(numbers.weights)]
            else:
                if self.kind == "fusion":
                    raise ValueError(f"recognisers: {name} has gains, and a fusion needs weights")
                lengths = [len(numbers.scales), len(numbers.offsets), len(numbers.gains), *map(len, numbers.gains)]
            if set(lengths) != {count}:
                raise ValueError(f"recognisers: {name} needs {count} numbers in each list, one for each member")
        return self
