"""Plugins that broke during a run: each loses its own cells, and the run goes on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from benchmark.errors import PluginError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PluginFailure:
    """What a plugin failed at.

    Attributes:
        kind: ``"method"``, ``"detector"`` or ``"recogniser"``.
        name: its label, as in tables.
        where: the part of the run whose cells are missing, e.g. an acquisition arm.
        reason: one line.
    """

    kind: str
    name: str
    where: str
    reason: str

    def __str__(self) -> str:
        where = f" ({self.where})" if self.where else ""
        return f"{self.kind} '{self.name}' failed{where}: {self.reason}"


@dataclass(frozen=True)
class PluginFailures:
    """All plugin failures of a run, in the order in which they happened."""

    entries: list[PluginFailure] = field(default_factory=list)

    @contextmanager
    def kept(self, kind: str, name: str, where: str = "") -> Iterator[None]:
        """Enter an error of the plugin `name` in the ``with`` block, say it, and go on after the block."""
        try:
            yield
        except PluginError as error:
            self.add(PluginFailure(kind, name, where, str(error)))

    def add(self, failure: PluginFailure) -> None:
        """Enter a failure and say it in the terminal."""
        self.entries.append(failure)
        log.warning("%s; the run goes on without it", failure)

    def names(self, kind: str) -> set[str]:
        """The plugins of a kind that failed anywhere."""
        return {failure.name for failure in self.entries if failure.kind == kind}

    def facts(self) -> list[dict[str, str]]:
        """For the manifest."""
        return [asdict(failure) for failure in self.entries]
