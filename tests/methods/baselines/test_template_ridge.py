"""Ridge regression of embeddings against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge as ReferenceRidge
from sklearn.model_selection import GridSearchCV, PredefinedSplit

from benchmark.errors import BenchmarkError, RequestError, StorageError
from benchmark.methods.base import TemplatePairs
from benchmark.methods.baselines.template_ridge import TemplateRidge, choose_penalty, fit_ridge
from benchmark.progress import Progress


def embeddings(people: int = 40, photos: int = 3, size: int = 6, noise: float = 0.3):
    rng = np.random.default_rng(1)
    true = np.repeat(rng.normal(size=(people, size)), photos, axis=0) + 0.1 * rng.normal(size=(people * photos, size))
    masked = true @ rng.normal(size=(size, size)) * 0.5 + noise * rng.normal(size=true.shape) + 2
    subjects = tuple(f"person-{row // photos}" for row in range(people * photos))
    return masked.astype(np.float32), true.astype(np.float32), subjects


@pytest.mark.parametrize("penalty", [0.0, 0.7, 50.0])
def test_the_map_is_scikit_learn_s(penalty):
    masked, true, _ = embeddings()
    ours = fit_ridge(masked.astype(float), true.astype(float), penalty)
    reference = ReferenceRidge(alpha=penalty).fit(masked.astype(float), true.astype(float))
    assert np.allclose(ours.predict(masked), reference.predict(masked.astype(float)), atol=1e-8)


def test_the_penalty_is_the_one_of_a_grid_search():
    masked, true, _ = embeddings(noise=1.5)
    x, y = masked.astype(float), true.astype(float)
    fold = np.arange(len(x)) // 3 % 4
    strengths = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
    scale = np.square(x - x.mean(axis=0)).sum() / x.shape[1]
    with Progress(quiet=True).bar("test", total=4) as bar:
        chosen = choose_penalty(x, y, fold, strengths, bar=bar)
    search = GridSearchCV(
        ReferenceRidge(),
        {"alpha": [s * scale for s in strengths]},
        cv=PredefinedSplit(fold),
        scoring="neg_mean_squared_error",
    )
    search.fit(x, y)
    assert chosen == pytest.approx(search.best_params_["alpha"])
    assert strengths[0] * scale < chosen < strengths[-1] * scale  # the case must not sit on an edge


def test_people_are_never_split_between_folds(monkeypatch, quiet):
    seen = {}

    def spy(x, y, fold, strengths, *, bar):
        seen["fold"] = fold
        return 1.0

    monkeypatch.setattr("benchmark.methods.baselines.template_ridge.choose_penalty", spy)
    masked, true, subjects = embeddings()
    TemplateRidge().fit(TemplatePairs(masked, true, subjects), progress=quiet)
    folds = {subject: set(seen["fold"][np.array(subjects) == subject]) for subject in subjects}
    assert all(len(of_person) == 1 for of_person in folds.values())
    assert len(set(seen["fold"])) == 5


def test_it_brings_masked_embeddings_nearer_to_the_truth(quiet):
    masked, true, subjects = embeddings()
    method = TemplateRidge()
    method.fit(TemplatePairs(masked[:90], true[:90], subjects[:90]), progress=quiet)
    repaired = method.map(masked[90:])

    def cosine(a, b):
        return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)

    assert repaired.dtype == np.float32
    assert cosine(repaired, true[90:]).mean() > cosine(masked[90:], true[90:]).mean() + 0.2
    assert np.allclose(np.linalg.norm(repaired, axis=1), np.linalg.norm(true[:90], axis=1).mean(), rtol=1e-5)


def test_failed_rows_are_left_out_and_stay_failed(quiet):
    masked, true, subjects = embeddings()
    whole, holed = TemplateRidge(), TemplateRidge()
    keep = np.ones(len(masked), dtype=bool)
    keep[[4, 9]] = False
    whole.fit(TemplatePairs(masked[keep], true[keep], tuple(np.array(subjects)[keep])), progress=quiet)
    broken_masked, broken_true = masked.copy(), true.copy()
    broken_masked[4] = np.nan
    broken_true[9] = np.nan
    holed.fit(TemplatePairs(broken_masked, broken_true, subjects), progress=quiet)
    assert np.allclose(holed.map(masked), whole.map(masked), atol=1e-5)
    mapped = holed.map(broken_masked)
    assert np.isnan(mapped[4]).all()
    assert np.isfinite(np.delete(mapped, 4, axis=0)).all()


def test_too_few_people_and_no_fit(quiet):
    masked, true, _ = embeddings(people=2, photos=2)
    with pytest.raises(RequestError, match="given 1"):
        TemplateRidge().fit(TemplatePairs(masked, true, ("a",) * 4), progress=quiet)
    with pytest.raises(RequestError, match="given 0"):
        TemplateRidge().fit(TemplatePairs(masked * np.nan, true, ("a", "a", "b", "b")), progress=quiet)
    with pytest.raises(BenchmarkError, match="before fit"):
        TemplateRidge().map(masked)


def test_saved_and_loaded_it_maps_alike(quiet, tmp_path):
    masked, true, subjects = embeddings()
    method = TemplateRidge()
    method.fit(TemplatePairs(masked, true, subjects), progress=quiet)
    method.save(tmp_path)
    again = TemplateRidge()
    again.load(tmp_path)
    assert np.array_equal(again.map(masked), method.map(masked))
    file = tmp_path / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(StorageError, match="train again"):
        TemplateRidge().load(tmp_path)
