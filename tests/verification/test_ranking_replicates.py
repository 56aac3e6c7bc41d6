"""The ranking measures of all replicates at once against those of each weighed sample."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.verification import ranking, ranking_replicates
from benchmark.verification.bootstrap import draw_subjects
from benchmark.verification.samples import ScoreSample
from benchmark.verification.selections import RankedScores, Selections
from benchmark.verification.subject_scores import SubjectScores
from benchmark.verification.weighed_tail import WeighedTail
from tests.verification.test_replicates import unordered_pairs

Together = Callable[[SubjectScores, NDArray[np.int32]], NDArray[np.float64]]
One = Callable[[ScoreSample], float | None]


def weighed(scores: SubjectScores, drawn: NDArray[np.int32]) -> ScoreSample:
    return ScoreSample(
        scores.mated,
        scores.nonmated,
        drawn[scores.mated_subject].astype(np.float64),
        (drawn[scores.reference_subject] * drawn[scores.probe_subject]).astype(np.float64),
    )


@pytest.mark.parametrize("name", ["auc", "eer", "d_prime"])
@pytest.mark.parametrize("decimals", [0, 1, 6])
@pytest.mark.parametrize("photos", [2, 30])
def test_equal_to_each_replicate_by_itself(name: str, decimals: int, photos: int) -> None:
    together: Together = getattr(ranking_replicates, f"{name}_replicates")
    one: One = getattr(ranking, name)
    rng = np.random.default_rng(decimals)
    subjects = np.sort(np.concatenate([np.arange(photos // 2), rng.integers(0, photos // 2, photos // 2 + 2)]))
    comparisons = unordered_pairs(subjects.astype(np.int32))
    values = np.round(rng.normal(0.8 * comparisons.mated), decimals).astype(np.float32)
    values[rng.random(len(values)) < 0.05] = np.nan
    draws = draw_subjects(photos // 2, 60, seed=1)
    draws[7] = 0  # nobody at all
    selections = Selections(comparisons, subjects.astype(np.int32), [None] * len(subjects), draws)
    scores = RankedScores(selections, values).of("all")
    expected = [one(weighed(scores, drawn)) for drawn in draws]
    expected_values = np.array([np.nan if value is None else value for value in expected])
    np.testing.assert_allclose(together(scores, draws), expected_values, rtol=1e-9, atol=1e-12)
    if photos > 2:
        assert np.isfinite(expected_values).sum() > 50


def test_the_scores_of_a_cell_are_weighed_once_for_both_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    subjects = np.repeat(np.arange(12, dtype=np.int32), 3)
    comparisons = unordered_pairs(subjects)
    draws = draw_subjects(12, 20, seed=1)
    values = rng.normal(0.8 * comparisons.mated).astype(np.float32)
    scores = RankedScores(Selections(comparisons, subjects, [None] * len(subjects), draws), values).of("all")
    made = []

    def counted(*given: object) -> WeighedTail:
        made.append(given)
        return WeighedTail(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(ranking_replicates, "WeighedTail", counted)
    first = ranking_replicates.auc_replicates(scores, draws[1:])
    ranking_replicates.eer_replicates(scores, draws[1:])
    assert len(made) == 1
    other = ranking_replicates.auc_replicates(scores, draws[:-1])
    assert len(made) == 2 and not np.array_equal(first, other), "other draws, other weights"
