"""What a protocol's comparisons refer to: templates of one photo, or of several that are averaged (as in IJB)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.base import Protocol
from benchmark.errors import RequestError

MIXED = "mixed"
"""The mask type of a template whose photos wear different ones."""


@dataclass(frozen=True)
class Membership:
    """Which rows make up which template: columns of equal length M, ordered by template.

    Attributes:
        rows: ``int32 (M,)``, a row of whatever the templates are made of.
        template: ``int32 (M,)``, the template it belongs to, ascending.
        count: how many templates there are; some may have no row.
    """

    rows: NDArray[np.int32]
    template: NDArray[np.int32]
    count: int

    @classmethod
    def of(cls, templates: Sequence[Sequence[int]]) -> Membership:
        """The rows of each template.

        >>> Membership.of([(3,), (0, 2)]).template.tolist()
        [0, 1, 1]
        """
        rows = [row for members in templates for row in members]
        owner = np.repeat(np.arange(len(templates)), [len(members) for members in templates])
        return cls(np.array(rows, dtype=np.int32), owner.astype(np.int32), len(templates))

    def moved(self, place: NDArray[np.int32]) -> Membership:
        """The same templates where row r is now row ``place[r]``; those at −1 are not there any more."""
        rows = place[self.rows]
        there = rows >= 0
        return Membership(rows[there], self.template[there], self.count)


class TemplateSet:
    """The templates of a protocol; where it names none, every photo is its own.

    Args:
        protocol: checked by `check_templates`.
    """

    def __init__(self, protocol: Protocol) -> None:
        self.photos = protocol.photos
        self._templates = protocol.templates
        self.membership = None if protocol.templates is None else Membership.of(protocol.templates)
        """Rows are those of the protocol's photos; None where every photo is its own template."""
        self.first: NDArray[np.int32] = np.array(
            range(len(self.photos)) if self._templates is None else [members[0] for members in self._templates],
            dtype=np.int32,
        )
        """``(n_templates,)``, the first photo of each. The others are of the same subject, and masked like it."""

    def __len__(self) -> int:
        return len(self.first)

    @property
    def names(self) -> list[str]:
        """What ``scores.parquet`` calls each: the ``image_id`` of its photo, several joined by ``+``."""
        if self._templates is None:
            return [photo.image_id for photo in self.photos]
        return ["+".join(self.photos[row].image_id for row in members) for members in self._templates]

    @property
    def masked(self) -> NDArray[np.bool_]:
        """``bool (n_templates,)``: whether a mask was really worn on its photos."""
        return np.array([self.photos[row].masked for row in self.first], dtype=np.bool_)

    def photos_of(self, templates: Sequence[int]) -> list[int]:
        """Rows of the photos that make up any of `templates`, ascending, each once."""
        if self._templates is None:
            return sorted(set(templates))
        return sorted({row for template in templates for row in self._templates[template]})

    def members(self, template: int) -> tuple[int, ...]:
        """Rows of the photos of one template."""
        return (template,) if self._templates is None else self._templates[template]

    def mask_types(self, of_photos: Sequence[str | None]) -> tuple[str | None, ...]:
        """The mask type of each template, `MIXED` where its photos wear different ones.

        Args:
            of_photos: for each photo the type of its mask, None where it wears none.
        """
        if self._templates is None:
            return tuple(of_photos)
        kinds = ({of_photos[row] for row in members} for members in self._templates)
        return tuple(kind.pop() if len(kind) == 1 else MIXED for kind in kinds)


def check_templates(protocol: Protocol) -> None:
    """Refuse templates that contradict the photos or each other.

    Raises:
        RequestError: a template without a photo, with a photo twice, of several subjects, masked in part, or compared
            with one that shares a photo.
    """
    if protocol.templates is None:
        return
    photos, compared = protocol.photos, protocol.comparisons
    for number, members in enumerate(protocol.templates):
        found = f"template {number} of protocol '{protocol.name}'"
        if not members:
            raise RequestError(f"{found} has no photo; remove it and its comparisons")
        if len(set(members)) < len(members):
            raise RequestError(f"{found} holds a photo twice; name each once")
        beyond = [row for row in members if not 0 <= row < len(photos)]
        if beyond:
            raise RequestError(f"{found} names photo {beyond[0]} of {len(photos)}; rows of `photos` count from 0")
        subjects = sorted({photos[row].subject_id for row in members})
        if len(subjects) > 1:
            raise RequestError(f"{found} mixes the subjects '{subjects[0]}' and '{subjects[1]}'; split it")
        if len({photos[row].masked for row in members}) > 1:
            raise RequestError(f"{found} mixes photos with and without a mask; split it")
    for side in (compared.reference, compared.probe):
        unknown = side[(side < 0) | (side >= len(protocol.templates))]
        if len(unknown):
            raise RequestError(
                f"protocol '{protocol.name}' compares template {unknown[0]} of {len(protocol.templates)}; "
                "they count from 0"
            )
    own = [frozenset(members) for members in protocol.templates]
    for row in np.flatnonzero(compared.mated):  # others are of different subjects and can share no photo
        one, other = int(compared.reference[row]), int(compared.probe[row])
        if own[one] & own[other]:
            name = photos[min(own[one] & own[other])].image_id
            raise RequestError(
                f"protocol '{protocol.name}' compares templates {one} and {other}, which share the photo '{name}'; "
                "remove such comparisons"
            )
