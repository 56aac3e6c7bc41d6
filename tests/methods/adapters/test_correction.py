from __future__ import annotations

import numpy as np
import pytest

from benchmark.methods.adapters.correction import Correction, fitted_correction, to_unit


def euclidean(references: np.ndarray, probes: np.ndarray) -> np.ndarray:
    return -np.linalg.norm(references - probes, axis=1)


def cosine(references: np.ndarray, probes: np.ndarray) -> np.ndarray:
    return (to_unit(references) * to_unit(probes)).sum(axis=1)


@pytest.mark.parametrize(("scores", "unit"), [(euclidean, False), (cosine, True)])
@pytest.mark.parametrize("stretch", [0.8, 1.4])
def test_strangers_score_as_they_did(scores, unit: bool, stretch: float) -> None:
    generator = np.random.default_rng(0)
    centre = np.full(16, 0.5, np.float32)
    people = generator.normal(size=(260, 16)).astype(np.float32)
    templates = centre + people
    probes = centre + stretch * people + 0.2 * generator.normal(size=people.shape).astype(np.float32)
    if unit:  # angles do not see a stretch about the origin: turn everybody away from the mean
        probes = people + (1 - stretch + 0.5) * centre
    ids = tuple(map(str, range(len(people))))
    reference, probe = np.nonzero(~np.eye(len(people), dtype=bool))
    wanted = scores(templates[reference], templates[probe]).mean()

    def missed(values: np.ndarray) -> float:
        return float(scores(templates[reference], values[probe]).mean() - wanted)

    correction = fitted_correction(templates, probes, ids, scores, unit=unit)
    whole = Correction(correction.mean, correction.share / 0.85, unit)
    assert abs(missed(whole(probes))) < 0.01 * abs(missed(probes))
    assert 0 < missed(correction(probes)) / missed(probes) < 0.5  # a part is left on purpose


def test_references_that_are_adapted_too_are_corrected_with_the_probes() -> None:
    generator = np.random.default_rng(0)
    people = generator.normal(size=(260, 16)).astype(np.float32)
    ids = tuple(map(str, range(len(people))))
    reference, probe = np.nonzero(~np.eye(len(people), dtype=bool))
    stretched = people * np.float32(1.3)  # by the adapter, everybody alike
    both = fitted_correction(people, stretched, ids, euclidean, unit=False, references=stretched)
    assert both.share / 0.55 == pytest.approx(1 - 1 / 1.3, abs=0.01)
    whole = Correction(both.mean, both.share / 0.55, unit=False)(stretched)
    wanted = euclidean(people[reference], people[probe]).mean()
    assert euclidean(whole[reference], whole[probe]).mean() == pytest.approx(wanted, rel=1e-3)


def test_one_person_alone_needs_no_correction() -> None:
    values = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    assert fitted_correction(values, values + 1, ("a",) * 4, euclidean, unit=False).share == 0


def test_a_failed_face_stays_one() -> None:
    correction = Correction(np.ones(2, np.float32), 0.3, unit=True)
    corrected = correction(np.array([[np.nan, 1], [0, 0], [3, 4]], np.float32))
    assert np.isnan(corrected[:2]).any(axis=1).all()
    np.testing.assert_allclose(corrected[2], [0.6 + 0.3 * 0.4, 0.8 + 0.3 * 0.2], rtol=1e-6)
