"""IJB-B and IJB-C: comparisons between templates, each made of several photos and video frames of one person."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.cards import DatasetCard
from benchmark.datasets.base import Comparisons, Protocol
from benchmark.datasets.files import PhotoFiles
from benchmark.datasets.ijb_lists import read_template_pairs, read_template_photos
from benchmark.datasets.layouts import looks_like
from benchmark.datasets.listed_pairs import ListedPair, linked_people
from benchmark.datasets.splits import MAX_COMPARISONS, check_both_kinds
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.plugins import register_dataset
from benchmark.seeds import generator_for

log = logging.getLogger(__name__)

EDITIONS = {"ijbb": "IJB-B", "ijbc": "IJB-C"}
_FOLDERS = ("", "IJBB", "IJBC", "IJB_release/IJBB", "IJB_release/IJBC")
"""Where ``meta`` and ``loose_crop`` are looked for below the root: as InsightFace's archive unpacks."""


@register_dataset("ijb")
class IarpaJanus(PhotoFiles):
    """IJB-B or IJB-C, 1:1: scores between templates, each the average of several photos of one person.

    The lists are those that InsightFace derived: which photos make up a template, and which templates are compared.
    They name nobody: templates that mated comparisons or a shared photo link count as one person, all others as
    different people. A photo's id is its file name in ``loose_crop``.
    """

    card = DatasetCard(
        source="Whitelam et al.: IARPA Janus Benchmark-B, CVPR Workshops 2017; Maze et al.: IARPA Janus Benchmark-C, "
        "ICB 2018; datasets/ijb.md",
        licence="NIST's terms, to be agreed to by each user; photographs under Creative Commons as listed there",
        overlaps=(("synthetic", "disjoint"),),  # rendered people are nobody
        layout="IJB-B or IJB-C: loose_crop/ and meta/ijbc_face_tid_mid.txt, meta/ijbc_template_pair_label.txt",
    )
    protocols = ("templates",)

    def __init__(self, root: Path | None = None, *, seed: int = 0) -> None:
        super().__init__(root, seed=seed)
        found = {
            name: self.root / folder
            for folder in _FOLDERS
            for name in EDITIONS
            if (self.root / folder / "meta" / f"{name}_face_tid_mid.txt").is_file()
        }
        if len(found) != 1:
            raise RequestError(
                f"{self.root} holds IJB-B and IJB-C; name the folder of one of them"
                if found
                else f"no meta/ijbc_face_tid_mid.txt (or ijbb_…) in {self.root}; unpack IJB-C there"
                f"{looks_like(self.root)}"
            )
        ((self._name, self._folder),) = found.items()
        self.variant = EDITIONS[self._name]

    def protocol(self, name: str, *, limit: int | None = None) -> Protocol:
        """The listed comparisons of templates; `limit` is a number of them, as many of either kind as there are.

        Raises:
            RequestError: a list is missing or malformed (with the line), names a template without photos, or a listed
                photo is absent.
        """
        if name not in self.protocols:
            raise RequestError(f"IJB has no protocol '{name}'; it has: {', '.join(self.protocols)}")
        reference, probe, mated = self._compared
        rows = self._rows(mated, limit)
        used, compared = np.unique(np.concatenate([reference[rows], probe[rows]]), return_inverse=True)
        people = self._people(used.tolist())
        photos = self._photos(used.tolist(), people)
        row_of = {photo.image_id: row for row, photo in enumerate(photos)}
        templates = tuple(tuple(sorted(row_of[path] for path in self._members[number])) for number in used.tolist())
        check_both_kinds(mated[rows], subjects=len({photo.subject_id for photo in photos}))
        half = len(rows)
        comparisons = Comparisons(
            compared[:half].astype(np.int32),
            compared[half:].astype(np.int32),
            mated[rows],
            np.full(half, -1, dtype=np.int8),
        )
        self._tell_contradictions([people[number] for number in used.tolist()], comparisons)
        return Protocol(name, photos, comparisons, templates=templates)

    def training_photos(self, part: str, *, protocol: str) -> Sequence[Photo]:  # noqa: ARG002  (the base's signature)
        """Refused: everybody is tested."""
        raise RequestError("IJB has no training set; train on another data set with --train-dataset")

    def _rows(self, mated: NDArray[np.bool_], limit: int | None) -> NDArray[np.int64]:
        if limit is None or limit >= len(mated):
            if len(mated) > MAX_COMPARISONS:
                raise RequestError(
                    f"{len(mated)} comparisons are more than the {MAX_COMPARISONS} allowed; use --limit N"
                )
            return np.arange(len(mated))
        draw = generator_for(self.seed, "limited comparisons of templates")
        kinds = [draw.permutation(np.flatnonzero(mated)), draw.permutation(np.flatnonzero(~mated))]
        first = min(len(kinds[0]), max(limit - limit // 2, limit - len(kinds[1])))
        return np.sort(np.concatenate([kinds[0][:first], kinds[1][: limit - first]]))

    @cached_property
    def _members(self) -> dict[int, tuple[str, ...]]:
        """The photos of every template."""
        return read_template_photos(self._folder / "meta" / f"{self._name}_face_tid_mid.txt")

    @cached_property
    def _compared(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Numbers of the templates compared, and whether they are mated."""
        file = self._folder / "meta" / f"{self._name}_template_pair_label.txt"
        reference, probe, mated = read_template_pairs(file)
        unknown = np.setdiff1d(np.concatenate([reference, probe]), list(self._members))
        if len(unknown):
            raise RequestError(
                f"{file} compares {len(unknown)} templates without photos, {unknown[0]} among them; replace both lists "
                "with IJB's own"
            )
        return reference, probe, mated

    def _people(self, used: Sequence[int]) -> dict[int, str]:
        """The person of each template, named by one of their templates."""
        reference, probe, mated = self._compared
        rows = np.flatnonzero(mated)
        links = [(str(one), str(other)) for one, other in zip(reference[rows], probe[rows], strict=True)]
        holder: dict[str, int] = {}
        for number, paths in self._members.items():
            links += [(str(holder.setdefault(path, number)), str(number)) for path in paths]
        people = linked_people(ListedPair(one, other, mated=True) for one, other in links)
        return {number: f"template-{people[str(number)]}" for number in used}

    def _tell_contradictions(self, person_of_template: Sequence[str], comparisons: Comparisons) -> None:
        person = np.unique(person_of_template, return_inverse=True)[1]
        torn = (person[comparisons.reference] == person[comparisons.probe]) & ~comparisons.mated
        if torn.any():
            log.warning(
                "%s: %d comparisons are listed as non-mated though others link both templates to one person; they are "
                "compared as listed",
                self.variant,
                np.count_nonzero(torn),
            )

    def _photos(self, used: Sequence[int], people: dict[int, str]) -> tuple[Photo, ...]:
        below = (self._folder / "loose_crop").relative_to(self.root)
        person = {path: people[number] for number in used for path in self._members[number]}
        listed = (Photo(path, person[path], (below / path).as_posix()) for path in sorted(person))
        return self.located(listed, below=below.as_posix())
