"""Crops of the test's photos, with what it takes to show them to a recogniser as a deployed system would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmark.acquisition.step import Acquired
from benchmark.config import Arm
from benchmark.context import RunContext
from benchmark.faces import FaceGeometry
from benchmark.pipeline.conditions.pairing import ShownFaces, places
from benchmark.recognisers.presentation import present
from benchmark.views import View


@dataclass(frozen=True)
class Crops:
    """Crops at the run's size.

    Attributes:
        view: the crops.
        acquired: the faces of their photos; they place the masks that are drawn.
        aligned_on: the face that aligned each crop, pixels of its photo.
        drawn: the mask drawn on each photo; None where none was.
        photos: the protocol's photo in each row; None = all of them in the protocol's order.
    """

    view: View
    acquired: Acquired
    aligned_on: Sequence[FaceGeometry | None]
    drawn: Sequence[str] | None = None
    photos: Sequence[int] | None = None

    def rows_of(self, photos: Sequence[int]) -> list[int]:
        """The rows of some of the protocol's photos, all of which are among these."""
        if self.photos is None:
            return list(photos)
        place = places(self.photos, max(self.photos, default=-1) + 1)
        return [int(place[photo]) for photo in photos]

    def take(self, photos: Sequence[int]) -> Crops:
        """The crops of some of the protocol's photos."""
        rows = self.rows_of(photos)
        return Crops(
            self.view.take(rows),
            self.acquired.take(rows),
            [self.aligned_on[row] for row in rows],
            None if self.drawn is None else [self.drawn[row] for row in rows],
            tuple(photos),
        )

    def changed(self, view: View) -> Crops:
        """What a method made of these crops."""
        return replace(self, view=view)

    def shown(self, arm: Arm, name: str, context: RunContext) -> ShownFaces:
        """What the recogniser is shown: the crops themselves, or what is found anew in the photo.

        Args:
            arm: ``"oracle"`` or ``"redetect"``.
            name: of the view, for the ledger.
            context: of the run.
        """
        view = self.view
        if arm == "redetect":
            view = present(view, self.acquired, self.aligned_on, self.drawn, name=name, context=context)
        return ShownFaces(name, view, self.photos)
