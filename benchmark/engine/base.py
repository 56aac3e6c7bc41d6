"""What the steps of a run ask of an engine: to do their work on images, wherever that is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, TypeVar

from benchmark.storage.row_writer import Commit

T = TypeVar("T")
R = TypeVar("R")
RowsFunction = Callable[[list[int], Commit], None]
"""``function(rows, commit)`` makes these rows and calls `commit` once for each of them."""


class Engine(ABC):
    """Does the work of the steps. What it is never decides a result, so it enters no key.

    Attributes:
        name: as ``--engine`` says it.
    """

    name: ClassVar[str]

    @abstractmethod
    def map(self, function: Callable[[T], R], items: Iterable[T], *, workers: int, bar: Any) -> Iterator[R]:
        """Results of `function` over `items`, in the order of `items`.

        Args:
            function: can be sent to other processes; does not depend on what else its process does.
            items: read lazily, so that a long list does not fill the memory.
            workers: how many are worked on at a time.
            bar: a bar of `benchmark.progress.Progress`, advanced by one an item; None = the caller's own business.

        Raises:
            BenchmarkError: the work cannot be done.
        """

    @abstractmethod
    def make_rows(self, function: RowsFunction, groups: Sequence[list[int]], commit: Commit) -> Iterator[int]:
        """Make rows with a network, group by group; yields how many rows each group had once they are committed."""

    def processes(self, asked: int) -> int:
        """How many images are worked on at a time if the user asks for `asked` (0 = as many as there are cores)."""
        return asked

    def facts(self) -> dict[str, Any]:
        """For the manifest: which engine, and what it ran on."""
        return {"name": self.name}

    def close(self) -> None:
        """Let go of processes and connections."""
