"""What a method of any kind works with in one arm, and what it hands back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.config import RunConfig
from benchmark.context import RunContext
from benchmark.methods.step import RestoredView
from benchmark.pipeline.conditions.faces import ArmFaces
from benchmark.pipeline.conditions.found_masks import Detection
from benchmark.pipeline.conditions.pairing import Pairing


@dataclass(frozen=True)
class MethodInputs:
    """What a method is given.

    Attributes:
        config: the configuration of the run.
        faces: the faces of the arm.
        detections: by the label of each detector, what it found.
        learned: by the label of each part that learned, a key of what it learned.
        before: by label, what the methods before this one handed back.
        context: what the run's steps share: store, ledger, progress bars, device, seed.
    """

    config: RunConfig
    faces: ArmFaces
    detections: Mapping[str, Detection]
    learned: Mapping[str, str]
    before: Mapping[str, MethodConditions]
    context: RunContext


@dataclass(frozen=True)
class MethodConditions:
    """What a method hands back.

    Attributes:
        pairings: its conditions; those that nobody asked for are dropped later.
        restored: the masked crops as it restored them; None for a kind that makes no new pictures of them.
        notes: conditions that make no sense for it.
    """

    pairings: Sequence[Pairing]
    restored: RestoredView | None = None
    notes: Sequence[str] = ()
