"""Crops of the test's photos, with what it takes to show them to a recogniser as a deployed system would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmark.acquisition.detection import FaceSearch
from benchmark.acquisition.step import Acquired
from benchmark.context import RunContext
from benchmark.faces import FaceGeometry
from benchmark.pipeline.conditions.pairing import ShownFaces, row_of_photo
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
        photos: the photo of each row; None = all photos of the protocol in their order.
    """

    view: View
    acquired: Acquired
    aligned_on: Sequence[FaceGeometry | None]
    drawn: Sequence[str] | None = None
    photos: Sequence[int] | None = None

    def rows_of(self, photos: Sequence[int]) -> list[int]:
        """The rows of some photos, all of which are among these."""
        if self.photos is None:
            return list(photos)
        row = row_of_photo(self.photos, max(self.photos, default=-1) + 1)
        return [int(row[photo]) for photo in photos]

    def take(self, photos: Sequence[int]) -> Crops:
        """The crops of some photos."""
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

    def shown(self, name: str, search: FaceSearch | None, context: RunContext) -> ShownFaces:
        """What the recogniser is shown.

        Args:
            name: the name of the view, for the ledger.
            search: finds each face anew in its photo, with the crop pasted back; None = the crops themselves are shown.
            context: what the run's steps share: store, ledger, progress bars, device, seed.
        """
        view = self.view
        if search is not None:
            view = present(view, self.acquired, self.aligned_on, self.drawn, search=search, name=name, context=context)
        return ShownFaces(name, view, self.photos)
