"""Which masks a method draws on references, given the probes they are compared with."""

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
        photos: the photo of each image.
        mask_types: the mask type of each image.
        embedding_rows: for each set of comparisons ``int32 (P,)``: the image, or the template of images, that each
            uses; see `benchmark.pipeline.conditions.pairing.Side`.
        members: the images of each template; None where templates are single photos.
    """

    photos: list[int]
    mask_types: list[str]
    embedding_rows: tuple[NDArray[np.int32], ...]
    members: Membership | None


def masked_references(
    templates: TemplateSet,
    sets: Sequence[Comparisons],
    probe_types: Sequence[str | None],
    mask_type: Callable[[str | None, int], str],
) -> MaskedReferences:
    """Every reference wears a mask that depends on the probe it is compared with.

    Args:
        templates: the templates of the protocol.
        sets: comparisons whose references are wanted.
        probe_types: for each template, as a probe, its mask type; None where nobody knows what it wears, or its photos
            wear different ones.
        mask_type: from the probe's mask type and the photo of a reference, the mask type to draw.
    """
    kinds = list(dict.fromkeys(probe_types))
    code_of = {kind: code for code, kind in enumerate(kinds)}
    codes = np.array([code_of[kind] for kind in probe_types], dtype=np.int64)
    wanted = [compared.reference.astype(np.int64) * len(kinds) + codes[compared.probe] for compared in sets]
    pairs, found = np.unique(np.concatenate(wanted), return_inverse=True)
    images: dict[tuple[int, str], int] = {}
    members = [
        [
            images.setdefault((photo, mask_type(kinds[pair % len(kinds)], photo)), len(images))
            for photo in templates.members(pair // len(kinds))
        ]
        for pair in pairs.tolist()
    ]
    if templates.membership is None:
        found = np.array([image for (image,) in members], dtype=np.int64)[found]
    ends = np.cumsum([len(compared) for compared in sets])[:-1]
    return MaskedReferences(
        photos=[photo for photo, _ in images],
        mask_types=[kind for _, kind in images],
        embedding_rows=tuple(np.split(found.astype(np.int32), ends)),
        members=None if templates.membership is None else Membership.of(members),
    )
