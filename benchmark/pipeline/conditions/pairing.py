"""Which faces are on which side of every comparison: the matrix of conditions that a run measures.

Three kinds of index occur here, and each has one name everywhere: a *photo* counts the protocol's photos, a *row*
counts the faces of a view, a *template* counts the protocol's templates (where it names none, every photo is one).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.config import Condition
from benchmark.counted import counted_are
from benchmark.datasets.base import Comparisons
from benchmark.datasets.templates import Membership, TemplateSet
from benchmark.methods.combinations.combination import Combination
from benchmark.views import View


@dataclass(frozen=True)
class Side:
    """One side of a condition.

    Attributes:
        shown: what the recogniser sees, e.g. ``"raw"`` or ``"telea"``; also names the view among a run's views.
        view: the faces.
        embedding_rows: ``int32 (P,)``, the embedding that each comparison uses: the row of `view`, or the template
            where `members` makes templates of the rows.
        embedded_by: what takes part in the embeddings: the label of a method, or what it calls another way to embed;
            empty = the recogniser does it alone.
        members: the rows of `view` that make up each template; None where every row is compared by itself.
    """

    shown: str
    view: View
    embedding_rows: NDArray[np.int32]
    embedded_by: str = ""
    members: Membership | None = None

    @property
    def view_rows(self) -> NDArray[np.int32]:
        """The rows of `view` that take part in a comparison, ascending, each once."""
        if self.members is None:
            return np.unique(self.embedding_rows)
        return np.unique(self.members.rows[np.isin(self.members.template, self.embedding_rows)])


@dataclass(frozen=True)
class ShownFaces:
    """Faces as a recogniser is shown them, ready to stand on either side of a comparison.

    Attributes:
        shown: what the recogniser sees, as in `Side`.
        view: the faces.
        photos: the photo of each row; None = all photos of the protocol in their order.
        embedded_by: as in `Side`.
    """

    shown: str
    view: View
    photos: Sequence[int] | None = None
    embedded_by: str = ""

    def side(self, templates: TemplateSet, compared: NDArray[np.int32]) -> Side:
        """These faces on one side.

        Args:
            templates: the templates of the protocol.
            compared: ``int32 (P,)``, the template that each comparison has on this side; `photos` holds all of its.
        """
        members = templates.membership
        if members is None:
            rows = compared if self.photos is None else row_of_photo(self.photos, len(templates))[compared]
            return Side(self.shown, self.view, rows, self.embedded_by)
        if self.photos is not None:
            members = members.moved(row_of_photo(self.photos, len(templates.photos)))
        return Side(self.shown, self.view, compared, self.embedded_by, members)


@dataclass(frozen=True)
class Pairing:
    """A condition of one method, for every recogniser alike.

    Attributes:
        condition: e.g. ``"raw-restored"``.
        method: its label; ``"none"`` for raw and masked faces.
        comparisons: the comparisons of the protocol, or those for which the condition exists.
        reference: what stands on the reference's side.
        probe: what stands on the probe's side.
        native: whether the faces are shown at native resolution instead of the run's size.
        pictures: whether the probes are pictures of the very faces that were masked, to be set beside the raw ones.
    """

    condition: Condition
    method: str
    comparisons: Comparisons
    reference: Side
    probe: Side
    native: bool = False
    pictures: bool = False


@dataclass(frozen=True, kw_only=True)
class PairingOfParts(Pairing):
    """A condition whose scores come from those of other pairings; its sides are those of the first one.

    Attributes:
        parts: all with these comparisons.
    """

    parts: tuple[Pairing, ...]


@dataclass(frozen=True, kw_only=True)
class CombinedPairing(PairingOfParts):
    """Makes one score of those of a part for each member.

    Attributes:
        combination: does it.
    """

    combination: Combination


@dataclass(frozen=True, kw_only=True)
class ChosenPairing(PairingOfParts):
    """Takes each comparison from one of two parts.

    Attributes:
        second: ``bool (P,)``, which comparisons are taken from the second.
    """

    second: NDArray[np.bool_]


def row_of_photo(photos: Sequence[int], count: int) -> NDArray[np.int32]:
    """``int32 (count,)``: the row in which each of `count` photos stands, −1 where it has none.

    Args:
        photos: the photo of each row.
        count: photos of the protocol.

    >>> row_of_photo([3, 1], 5).tolist()
    [-1, 1, -1, 0, -1]
    """
    row = np.full(count, -1, dtype=np.int32)
    row[list(photos)] = np.arange(len(photos), dtype=np.int32)
    return row


def only(comparisons: Comparisons, keep: NDArray[np.bool_]) -> Comparisons:
    """Some of the comparisons; `keep` is ``bool (P,)``."""
    return Comparisons(
        comparisons.reference[keep], comparisons.probe[keep], comparisons.mated[keep], comparisons.fold[keep]
    )


def none_of(comparisons: Comparisons) -> Comparisons:
    """No comparison, in columns of the same types."""
    return only(comparisons, np.zeros(len(comparisons), dtype=np.bool_))


def repeated_the_other_way_round(comparisons: Comparisons) -> int:
    """How many comparisons are listed a second time with the sides exchanged.

    >>> of = np.array([0, 1, 2], np.int32), np.array([1, 0, 0], np.int32)
    >>> repeated_the_other_way_round(Comparisons(*of, np.ones(3, np.bool_), np.full(3, -1, np.int8)))
    1
    """
    if not len(comparisons):
        return 0
    low = np.minimum(comparisons.reference, comparisons.probe).astype(np.int64)
    high = np.maximum(comparisons.reference, comparisons.probe)
    return len(comparisons) - len(np.unique(low * (int(high.max()) + 1) + high))


def note_on_repeated(repeated: int, symmetric: str = "raw-raw gives", *, others: str = "") -> tuple[str, ...]:
    """What a reader must know where comparisons are listed in both orders; nothing where none is.

    They are counted as listed: every condition then has the same comparisons, which recovery and harm need.

    Args:
        repeated: how many, as of `repeated_the_other_way_round`.
        symmetric: the conditions that score both orders alike, with a verb.
        others: how the other conditions tell them apart.
    """
    if not repeated:
        return ()
    apart = f"; {others}" if others else ""
    return (
        f"{counted_are(repeated, 'pair')} listed in both orders: {symmetric} both the same score, and counts it twice, "
        f"as the list does; a target FMR then seems better supported than it is{apart}.",
    )
