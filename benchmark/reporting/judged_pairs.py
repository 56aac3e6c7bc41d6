"""What the gallery of a report shows: pairs of faces with the verdict on each before a method and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.faces import Image
from benchmark.verification.base import Cell
from benchmark.verification.changed_verdicts import Change

Picture = tuple[str, int]
"""Names a picture among all of a gallery: the key of its view, and the row there."""


@dataclass(frozen=True)
class Verdict:
    """One comparison in one condition.

    Attributes:
        score: None where a side gave no template.
        accepted: by the threshold of the condition.
        reference: the enrolled face as the recogniser saw it; None where there is none.
        probe: the new one, likewise.
    """

    score: float | None
    accepted: bool
    reference: Picture | None
    probe: Picture | None


@dataclass(frozen=True)
class JudgedPair:
    """One comparison, before and after.

    Attributes:
        change: why it is shown.
        mated: both are the same subject.
        subjects: of the reference and of the probe.
        image_ids: likewise.
        mask_type: that the probe wears.
        before: with the mask left on.
        after: as the method has it.
        reason: why there is no score after; empty where there is one.
    """

    change: Change
    mated: bool
    subjects: tuple[str, str]
    image_ids: tuple[str, str]
    mask_type: str
    before: Verdict
    after: Verdict
    reason: str = ""


@dataclass(frozen=True)
class JudgedMethod:
    """A method before a recogniser.

    Attributes:
        cell: of the restored faces.
        target: the false match rate that both thresholds were set for, each on its own condition.
        thresholds: with the mask left on, and after the method.
        counts: how many comparisons there are of each sort.
        worsened: of the failures, those that were accepted before.
        failed: of the failures, those that a failed acquisition rejects.
        pairs: those shown.
    """

    cell: Cell
    target: float
    thresholds: tuple[float, float]
    counts: Mapping[Change, int]
    worsened: int
    failed: int
    pairs: tuple[JudgedPair, ...]


@dataclass(frozen=True)
class Gallery:
    """Every method of a run, and the pictures that its pairs name."""

    methods: tuple[JudgedMethod, ...]
    pictures: Mapping[Picture, Image]
