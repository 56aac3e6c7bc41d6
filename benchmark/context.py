"""What every step needs of the run it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from benchmark.artifacts import ArtifactStore, Commit
from benchmark.ledger import Ledger
from benchmark.parallel import map_in_processes
from benchmark.progress import Progress

T = TypeVar("T")
Row = tuple[Mapping[str, Any], Mapping[str, Any]]
"""One row of an artefact: its part of each array, and its record."""
_BATCH = 64
Maker = Callable[[list[int], Commit], None]
"""What `ArtifactStore.rows` calls with the rows still missing."""


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

    def make_each(
        self, function: Callable[[T], Row], item: Callable[[int], T], *, count: int, doing: str, unit: str = "image"
    ) -> Maker:
        """Rows made one by one in worker processes: ``function(item(row))``, with a bar that says what is `doing`."""

        def make(missing: list[int], commit: Commit) -> None:
            with self.progress.bar(doing, total=count, unit=unit, done=count - len(missing)) as bar:
                results = map_in_processes(function, map(item, missing), workers=self.workers, bar=bar)
                for row, (values, record) in zip(missing, results, strict=True):
                    commit(row, values, record)

        return make

    def make_batches(
        self, function: Callable[[list[int], Commit], None], *, count: int, doing: str, unit: str = "image"
    ) -> Maker:
        """Rows made in this process, a batch at a time: ``function(rows, commit)``."""

        def make(missing: list[int], commit: Commit) -> None:
            with self.progress.bar(doing, total=count, unit=unit, done=count - len(missing)) as bar:
                for start in range(0, len(missing), _BATCH):
                    rows = missing[start : start + _BATCH]
                    function(rows, commit)
                    bar.update(len(rows))

        return make
