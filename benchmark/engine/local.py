"""The engine of one machine: worker processes for images, this process for networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

from benchmark.engine.base import Engine, R, RowsFunction, T
from benchmark.parallel import map_in_processes
from benchmark.storage.row_writer import Commit


class LocalEngine(Engine):
    """Nothing is kept between two steps."""

    name: ClassVar[str] = "local"

    def map(self, function: Callable[[T], R], items: Iterable[T], *, workers: int, bar: Any) -> Iterator[R]:
        """See `Engine.map`; with one worker in this process."""
        return map_in_processes(function, items, workers=workers, bar=bar)

    def make_rows(self, function: RowsFunction, groups: Sequence[list[int]], commit: Commit) -> Iterator[int]:
        """See `Engine.make_rows`; a network uses all cores by itself."""
        for rows in groups:
            function(rows, commit)
            yield len(rows)
