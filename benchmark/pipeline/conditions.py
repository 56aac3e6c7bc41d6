"""Which faces stand on which side of every comparison: the matrix of conditions that a run measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons
from benchmark.views import View


@dataclass(frozen=True)
class Side:
    """One side of a condition.

    Attributes:
        shown: what the recogniser sees, e.g. ``"raw"`` or ``"telea"``; also names the view among a run's views.
        view: the faces.
        rows: ``int32 (P,)``, the row of `view` that each comparison uses.
        mapped: whether the method repairs the embedding on this side.
    """

    shown: str
    view: View
    rows: NDArray[np.int32]
    mapped: bool = False


@dataclass(frozen=True)
class Pairing:
    """A condition of one method, for every recogniser alike.

    Attributes:
        condition: e.g. ``"raw-restored"``.
        method: ``"none"`` for raw and masked rows.
        comparisons: of the protocol, or those whose probe takes part.
        reference: what stands on the reference's side.
        probe: what stands on the probe's side.
        native: whether the faces are shown at native resolution instead of the run's size.
    """

    condition: str
    method: str
    comparisons: Comparisons
    reference: Side
    probe: Side
    native: bool = False


def whole(shown: str, view: View, photos: NDArray[np.int32], *, mapped: bool = False) -> Side:
    """A side whose view has one row for each photo of the protocol."""
    return Side(shown, view, photos, mapped)


def subset(shown: str, view: View, photos: NDArray[np.int32], rows: Sequence[int]) -> Side:
    """A side whose view holds only the photos `rows` of the protocol."""
    place = np.full(int(max(rows, default=0)) + 1, -1, dtype=np.int32)
    place[list(rows)] = np.arange(len(rows), dtype=np.int32)
    return Side(shown, view, place[photos])


def only(comparisons: Comparisons, keep: NDArray[np.bool_]) -> Comparisons:
    """Some of the comparisons; `keep` is ``bool (P,)``."""
    return Comparisons(
        comparisons.reference[keep], comparisons.probe[keep], comparisons.mated[keep], comparisons.fold[keep]
    )
