"""What every step needs of the run it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from benchmark.artifacts import ArtifactStore, Commit, RowMaker
from benchmark.engine.base import Engine
from benchmark.engine.local import LocalEngine
from benchmark.ledger import Ledger
from benchmark.plugin_failures import PluginFailures
from benchmark.progress import Progress

T = TypeVar("T")
Row = tuple[Mapping[str, Any], Mapping[str, Any]]
"""One row of an artefact: its part of each array, and its record."""
_BATCH = 64


@dataclass(frozen=True)
class RunContext:
    """Store, ledger, progress bars and machine settings of one run.

    Attributes:
        store: where artefacts are kept.
        ledger: where steps record the status of each image.
        progress: makes progress bars.
        workers: processes for work on single images.
        device: torch device name for networks.
        seed: the run's seed.
        failures: plugins that broke.
        hole_margin: share of a crop's side by which holes that a detector found are closed and widened.
        engine: does the work on images.
    """

    store: ArtifactStore
    ledger: Ledger
    progress: Progress
    workers: int
    device: str
    seed: int
    failures: PluginFailures = field(default_factory=PluginFailures)
    hole_margin: float = 0.0
    engine: Engine = field(default_factory=LocalEngine)

    def in_arm(self, acquisition: str) -> RunContext:
        """The same for the steps of one acquisition arm, which the ledger keeps apart."""
        return replace(self, ledger=self.ledger.of_arm(acquisition))

    def make_groups(
        self,
        function: Callable[[Sequence[T]], Sequence[Row]],
        item: Callable[[int], T],
        *,
        group_size: int,
        workers: int,
        count: int,
        doing: str,
        unit: str = "image",
    ) -> RowMaker:
        """Rows made several at a time in worker processes: ``function([item(row), …])``.

        For steps that look for faces: reading and drawing in one process overlap with the search in another.

        Args:
            function: makes the rows of a group.
            item: what `function` must know of a row.
            group_size: rows that a process is given at a time.
            workers: processes.
            count: rows of the artefact.
            doing: what the bar says.
            unit: of a row, for the bar.
        """

        def make(missing: list[int], commit: Commit) -> None:
            groups = [missing[start : start + group_size] for start in range(0, len(missing), group_size)]
            items: Iterator[list[T]] = ([item(row) for row in group] for group in groups)
            with self.progress.bar(doing, total=count, unit=unit, done=count - len(missing)) as bar:
                results = self.engine.map(function, items, workers=workers, bar=None)
                for group, made in zip(groups, results, strict=True):
                    for row, (values, record) in zip(group, made, strict=True):
                        commit(row, values, record)
                    bar.update(len(group))

        return RowMaker(make, doing, unit)

    def make_each(
        self, function: Callable[[T], Row], item: Callable[[int], T], *, count: int, doing: str, unit: str = "image"
    ) -> RowMaker:
        """Rows made one by one in worker processes: ``function(item(row))``, with a bar that says what is `doing`."""

        def make(missing: list[int], commit: Commit) -> None:
            with self.progress.bar(doing, total=count, unit=unit, done=count - len(missing)) as bar:
                results = self.engine.map(function, map(item, missing), workers=self.workers, bar=bar)
                for row, (values, record) in zip(missing, results, strict=True):
                    commit(row, values, record)

        return RowMaker(make, doing, unit)

    def make_batches(
        self, function: Callable[[list[int], Commit], None], *, count: int, doing: str, unit: str = "image"
    ) -> RowMaker:
        """Rows made by a network, a batch at a time: ``function(rows, commit)``."""

        def make(missing: list[int], commit: Commit) -> None:
            groups = [missing[start : start + _BATCH] for start in range(0, len(missing), _BATCH)]
            with self.progress.bar(doing, total=count, unit=unit, done=count - len(missing)) as bar:
                for made in self.engine.make_rows(function, groups, commit):
                    bar.update(made)

        return RowMaker(make, doing, unit)
