"""Which faces stand on which side of every comparison: the matrix of conditions that a run measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons
from benchmark.datasets.templates import Membership, TemplateSet
from benchmark.views import View


@dataclass(frozen=True)
class Side:
    """One side of a condition.

    Attributes:
        shown: what the recogniser sees, e.g. ``"raw"`` or ``"telea"``; also names the view among a run's views.
        view: the faces.
        rows: ``int32 (P,)``, the row of `view` that each comparison uses; the template, where there are some.
        mapped: whether the method repairs the embedding on this side.
        members: the rows of `view` that make up each template; None where every row is compared by itself.
    """

    shown: str
    view: View
    rows: NDArray[np.int32]
    mapped: bool = False
    members: Membership | None = None


@dataclass(frozen=True)
class ShownFaces:
    """Faces as a recogniser is shown them, ready to stand on either side of a comparison.

    Attributes:
        shown: what the recogniser sees, as in `Side`.
        view: the faces.
        photos: the protocol's photo in each row of `view`; None = all of them in the protocol's order.
        mapped: whether the method repairs their embeddings.
    """

    shown: str
    view: View
    photos: Sequence[int] | None = None
    mapped: bool = False

    def side(self, templates: TemplateSet, compared: NDArray[np.int32]) -> Side:
        """These faces on one side.

        Args:
            templates: of the protocol.
            compared: ``int32 (P,)``, the template that each comparison has on this side; `photos` holds all of its.
        """
        members = templates.membership
        if members is None:
            rows = compared if self.photos is None else places(self.photos, len(templates))[compared]
            return Side(self.shown, self.view, rows, self.mapped)
        if self.photos is not None:
            members = members.moved(places(self.photos, len(templates.photos)))
        return Side(self.shown, self.view, compared, self.mapped, members)


@dataclass(frozen=True)
class Pairing:
    """A condition of one method, for every recogniser alike.

    Attributes:
        condition: e.g. ``"raw-restored"``.
        method: ``"none"`` for raw and masked rows.
        comparisons: of the protocol, or those that the condition can be had for.
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


def places(photos: Sequence[int], count: int) -> NDArray[np.int32]:
    """``int32 (count,)``: where each of `count` photos stands in `photos`, −1 where it does not.

    >>> places([3, 1], 5).tolist()
    [-1, 1, -1, 0, -1]
    """
    place = np.full(count, -1, dtype=np.int32)
    place[list(photos)] = np.arange(len(photos), dtype=np.int32)
    return place


def only(comparisons: Comparisons, keep: NDArray[np.bool_]) -> Comparisons:
    """Some of the comparisons; `keep` is ``bool (P,)``."""
    return Comparisons(
        comparisons.reference[keep], comparisons.probe[keep], comparisons.mated[keep], comparisons.fold[keep]
    )
