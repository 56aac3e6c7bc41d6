from __future__ import annotations

from typing import Any

import numpy as np

from benchmark.datasets.base import Comparisons
from benchmark.pipeline.conditions.pairing import ChosenPairing, Pairing, Side
from benchmark.pipeline.rows.judge import Judge
from benchmark.verification.base import Cell
from benchmark.verification.measurement import ScoredCell

NAN = float("nan")
CELL = Cell(*["x"] * 10)
PROBES = np.array([0, 1, 2, 0], np.int32)
COMPARISONS = Comparisons(np.array([3, 3, 4, 4], np.int32), PROBES, np.ones(4, np.bool_), np.full(4, -1, np.int8))


class KnowingJudge(Judge):
    """Knows the scores of pairings by what embeds their probes."""

    def __init__(self, known: dict[str, ScoredCell]) -> None:
        nothing: Any = None
        super().__init__("judge", nothing, [], nothing)
        self.known = known

    def score(self, pairing: Pairing, cell: Cell, n_templates: int) -> ScoredCell:
        if isinstance(pairing, ChosenPairing):
            return super().score(pairing, cell, n_templates)
        return self.known[pairing.probe.embedded_by]


def pairing(by: str) -> Pairing:
    nothing: Any = None
    sides = (Side("masked", nothing, PROBES, embedded_by) for embedded_by in ("", by))
    return Pairing("raw-restored", "adapt", COMPARISONS, *sides)


def scored(scores: list[float], *, failed_probes: tuple[int, ...] = (), failed_references: tuple[int, ...] = ()) -> Any:
    flags = [np.isin(np.arange(5), failed) for failed in (failed_probes, failed_references)]
    return ScoredCell(CELL, COMPARISONS, np.array(scores, np.float32), *flags)


def test_of_two_pairings_only_what_is_taken_can_fail() -> None:
    unchanged = scored([0.1, NAN, 0.3, 0.4], failed_probes=(1,))
    adapted = scored([NAN, 0.6, NAN, NAN], failed_probes=(0, 2))
    judge = KnowingJudge({"": unchanged, "adapt": adapted})
    parts = pairing(""), pairing("adapt")
    second = np.array([False, True, True, False])
    chosen = ChosenPairing(
        "raw-restored", "adapt", COMPARISONS, parts[0].reference, parts[0].probe, parts=parts, second=second
    )

    found = judge.score(chosen, CELL, 5)
    np.testing.assert_array_equal(found.scores, np.array([0.1, 0.6, NAN, 0.4], np.float32))
    assert found.failed_probes.tolist() == [False, False, True, False, False]
    assert not found.failed_references.any()


def test_a_reference_has_failed_where_all_that_is_taken_of_it_has() -> None:
    unchanged = scored([NAN, NAN, 0.3, 0.4], failed_references=(3,))
    adapted = scored([0.5, 0.6, NAN, NAN], failed_references=(4,))
    judge = KnowingJudge({"": unchanged, "adapt": adapted})
    parts = pairing(""), pairing("adapt")

    def failed(second: list[bool]) -> list[bool]:
        chosen = ChosenPairing(
            "raw-restored",
            "adapt",
            COMPARISONS,
            parts[0].reference,
            parts[0].probe,
            parts=parts,
            second=np.array(second),
        )
        return judge.score(chosen, CELL, 5).failed_references[3:].tolist()

    assert failed([False, False, False, False]) == [True, False]
    assert failed([False, True, False, True]) == [False, False]
    assert failed([True, True, True, True]) == [False, True]
