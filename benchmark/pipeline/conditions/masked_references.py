"""Which masks a method draws on references so that they look like the probes they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons
from benchmark.datasets.templates import Membership, TemplateSet


@dataclass(frozen=True)
class MaskedReferences:
    """The images to make, each photo once for each mask type it is wanted with, and who is compared with which.

    Attributes:
        photos: rows of the protocol's photos, one an image.
        mask_types: one an image.
        rows: for each set of comparisons ``int32 (P,)``: the image, or the template of images, that each uses.
        members: the images of each template; None where templates are single photos.
    """

    photos: list[int]
    mask_types: list[str]
    rows: tuple[NDArray[np.int32], ...]
    members: Membership | None


def masked_references(
    templates: TemplateSet, sets: Sequence[Comparisons], like_probes: Sequence[str], own_type: Callable[[int], str]
) -> MaskedReferences:
    """Every reference wears the mask type of the probe it is compared with.

    Args:
        templates: of the protocol.
        sets: comparisons whose references are wanted.
        like_probes: for each template as a probe the mask type; empty = nobody knows what it wears, or its photos wear
            different ones: then each photo of the reference wears its own type.
        own_type: the mask type drawn for a row of the protocol's photos.
    """
    kinds = list(dict.fromkeys(like_probes))
    code_of = {kind: code for code, kind in enumerate(kinds)}
    codes = np.array([code_of[kind] for kind in like_probes], dtype=np.int64)
    wanted = [compared.reference.astype(np.int64) * len(kinds) + codes[compared.probe] for compared in sets]
    pairs, found = np.unique(np.concatenate(wanted), return_inverse=True)
    images: dict[tuple[int, str], int] = {}
    members = [
        [
            images.setdefault((photo, kinds[pair % len(kinds)] or own_type(photo)), len(images))
            for photo in templates.members(pair // len(kinds))
        ]
        for pair in pairs.tolist()
    ]
    if templates.membership is None:
        found = np.array([row for (row,) in members], dtype=np.int64)[found]
    ends = np.cumsum([len(compared) for compared in sets])[:-1]
    return MaskedReferences(
        photos=[photo for photo, _ in images],
        mask_types=[kind for _, kind in images],
        rows=tuple(np.split(found.astype(np.int32), ends)),
        members=None if templates.membership is None else Membership.of(members),
    )
