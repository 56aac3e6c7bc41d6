"""What the steps of earlier runs cost on this machine, so that a later run can say how long it will take."""

from __future__ import annotations

import json
import logging
from collections import defaultdict, deque
from dataclasses import dataclass
from pathlib import Path

from benchmark.storage.atomic_files import write_atomically
from benchmark.work import Work

log = logging.getLogger(__name__)

COSTS = "costs.jsonl"
_KEPT = 5
"""Entries of one kind that count, the latest ones: a machine changes."""
_MAX_BYTES = 1 << 20

_Kind = tuple[str, str, int, str]


@dataclass(frozen=True)
class Cost:
    """What a row is expected to cost: seconds, and bytes on the disk."""

    seconds: float
    bytes: float


class StepCosts:
    """The file ``costs.jsonl`` of a store of artefacts: one line for each artefact that was made.

    Args:
        file: need not exist; damaged lines are passed over.
        setting: what else decides the cost of every step: the data set, device and processes.

    >>> import tempfile
    >>> work = Work("unmask", "telea", "unmask: telea", "key", rows=10, of=10)
    >>> costs = StepCosts(Path(tempfile.mkdtemp()) / COSTS, "synthetic, cpu, 2 processes")
    >>> costs.of(work) is None
    True
    >>> costs.note(work, seconds=5.0)
    >>> costs.of(work).seconds
    0.5
    """

    def __init__(self, file: Path, setting: str) -> None:
        self._file = file
        self._setting = setting
        self._found: dict[_Kind, deque[tuple[int, float, float]]] = defaultdict(lambda: deque(maxlen=_KEPT))
        for line in _lines(file):
            try:
                step, name, row_bytes, where, rows, seconds, size = json.loads(line)
                self._found[str(step), str(name), int(row_bytes), str(where)].append(
                    (int(rows), float(seconds), float(size))
                )
            except (ValueError, TypeError, RecursionError):
                continue

    def of(self, work: Work) -> Cost | None:
        """What a row of `work` cost, on average over the latest runs; None where it was never made here."""
        found = self._found.get(self._kind(work))
        rows = sum(entry[0] for entry in found or ())
        if not found or not rows:
            return None
        return Cost(sum(entry[1] for entry in found) / rows, sum(entry[2] for entry in found) / rows)

    def note(self, work: Work, *, seconds: float, size: int = 0) -> None:
        """Keep what `work` cost; a disk that is full or read-only is no reason to stop."""
        kind = self._kind(work)
        self._found[kind].append((work.rows, seconds, float(size)))
        line = json.dumps([*kind, work.rows, round(seconds, 4), size], ensure_ascii=False) + "\n"
        try:
            with self._file.open("a", encoding="utf-8") as stream:
                stream.write(line)
            if self._file.stat().st_size > _MAX_BYTES:
                self._shorten()
        except OSError as error:
            log.info("what a step cost is not kept: %s", error)

    def _kind(self, work: Work) -> _Kind:
        return work.step, work.name, work.row_bytes, self._setting

    def _shorten(self) -> None:
        """Keep the entries that count."""
        lines = [
            json.dumps([*kind, *entry], ensure_ascii=False) for kind, found in self._found.items() for entry in found
        ]
        write_atomically(self._file, ("\n".join(lines) + "\n").encode("utf-8"))


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
