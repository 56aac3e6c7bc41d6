"""Recovery, gain, harm, and when recovery is withheld."""

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.verification import recovery
from benchmark.verification.contrast_metrics import Gain, Harm, Recovery
from benchmark.verification.error_rates import ErrorCounts


def rates(gfrr: NDArray[np.float64] | list[float]) -> ErrorCounts:
    """Counts of 100 mated comparisons, 10 of them failed, with these generalised false reject rates."""
    rejected = 100 * np.asarray(gfrr, dtype=np.float64) - 10
    same = np.ones_like(rejected)
    return ErrorCounts(90 * same, rejected, 10 * same, 50 * same, 0 * same, 0 * same)


def test_by_hand() -> None:
    masked, restored, raw = (np.array([value]) for value in (0.6, 0.45, 0.1))
    assert recovery.recovery(masked, restored, raw)[0] == pytest.approx(0.3)
    assert recovery.gain(masked, restored)[0] == pytest.approx(0.15)
    assert recovery.harm(np.array([0.13]), raw)[0] == pytest.approx(0.03)


def test_a_mask_that_costs_nothing_leaves_recovery_undefined() -> None:
    assert np.isnan(recovery.recovery(np.array([0.1]), np.array([0.2]), np.array([0.1]))[0])


def test_losing_hard_faces_earns_nothing() -> None:
    # 100 mated comparisons, 40 rejected when masked; a method that loses exactly those 40 has FNMR 0, and recovery 0
    ones = np.ones(1)
    masked = ErrorCounts(100 * ones, 40 * ones, 0 * ones, 50 * ones, ones, 0 * ones)
    lossy = ErrorCounts(60 * ones, 0 * ones, 40 * ones, 50 * ones, ones, 0 * ones)
    raw = ErrorCounts(100 * ones, 10 * ones, 0 * ones, 50 * ones, ones, 0 * ones)
    assert Recovery().contrast(lossy, masked, raw)[0] == 0


def test_withheld_where_the_loss_may_be_none() -> None:
    spread = np.concatenate([[0.0], np.linspace(-0.05, 0.05, 200)])
    raw = rates(np.full(201, 0.2))
    assert Recovery().withheld(raw, rates(0.3 + spread), raw) is None
    reason = Recovery().withheld(raw, rates(0.24 + spread), raw)
    assert reason is not None and "0.0400" in reason
    harmless = Recovery().withheld(raw, rates(0.12 + spread), raw)
    assert harmless is not None, "a mask that helps leaves nothing to recover"
    assert Recovery().withheld(rates([0.2]), rates([0.5]), rates([0.2])) is not None, "no replicates, no interval"


def test_differences_are_paired() -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, 300)
    masked, restored = rates(0.5 + noise), rates(0.4 + noise)
    assert Gain().contrast(restored, masked) == pytest.approx(np.full(300, 0.1))
    assert Harm().contrast(restored, masked) == pytest.approx(np.full(300, -0.1))
