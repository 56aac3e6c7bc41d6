"""What every step needs of the run it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.artifacts import ArtifactStore
from benchmark.ledger import Ledger
from benchmark.progress import Progress


@dataclass(frozen=True)
class RunContext:
    """Store, ledger, progress bars and machine settings of one run.

    Attributes:
        store: where artefacts are kept.
        ledger: where steps enter what became of each image.
        progress: makes progress bars.
        workers: processes for work on single images.
        device: torch device name for networks.
        seed: of the run.
    """

    store: ArtifactStore
    ledger: Ledger
    progress: Progress
    workers: int
    device: str
    seed: int
