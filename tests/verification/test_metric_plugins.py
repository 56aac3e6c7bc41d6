"""Every registered metric, and metrics of a user."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.plugins import METRICS
from benchmark.registry import Registry
from benchmark.verification import measure as measuring
from benchmark.verification import measure_images as measuring_images
from benchmark.verification.base import ImageMetric, Metric, RateMetric, ScoreMetric
from benchmark.verification.error_rates import ErrorCounts
from benchmark.verification.feature_distance import frechet_distance, kernel_distance
from benchmark.verification.measure import measure
from benchmark.verification.measure_images import measure_images
from benchmark.verification.measurement import Measurement, ProbeFeatures
from benchmark.verification.samples import ScoreSample
from tests.verification.population import CELL, cell_of, scores, search

RATES = ["fmr", "fnmr", "gfrr", "gfar", "tar", "eer", "auc", "d_prime", "accuracy", "rank1", "fta"]
CONTRASTS = ["recovery", "recovery_frozen", "harm"]
DISTANCES = ["fid", "kid"]
MASKS = ["mask_iou", "mask_precision", "mask_recall", "missed_masks", "false_masks"]
IMAGES_AND_COSTS = ["psnr", "ssim", "psnr_hole", "ssim_hole", "seconds_per_image", "peak_memory_mib"]


@pytest.mark.parametrize("name", [*RATES, *CONTRASTS, *DISTANCES, *MASKS, *IMAGES_AND_COSTS])
def test_every_metric_of_the_design_is_registered(name: str) -> None:
    metric = METRICS.load(name)
    assert isinstance(metric.higher_is_better, bool)
    assert metric.__doc__ and metric.__doc__.splitlines()[0].endswith(".")
    assert metric.availability().available


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[Metric]]:
    """A registry for the user's metrics alone."""
    own: Registry[Metric] = Registry("metrics", base="benchmark.verification.base:Metric", package="tests")
    own._scanned = True
    for module in (measuring, measuring_images):
        monkeypatch.setattr(module, "METRICS", own)
    yield own


def test_score_metric_of_a_user(registry: Registry[Metric]) -> None:
    @registry.register("median-gap")
    class MedianGap(ScoreMetric):
        higher_is_better = True

        def evaluate(self, sample: ScoreSample, threshold: float | None) -> float | None:
            return float(np.median(sample.mated) - np.median(sample.nonmated))

    @registry.register("accepted")
    class Accepted(ScoreMetric):
        higher_is_better = True
        uses_weights = True
        threshold_kinds = ("frozen",)

        def evaluate(self, sample: ScoreSample, threshold: float | None) -> float | None:
            weights, _ = sample.weights
            return float(weights[sample.mated >= threshold].sum() / weights.sum())

    @registry.register("odds")
    class Odds(RateMetric):
        higher_is_better = False
        threshold_kinds = ("matched",)

        def rate(self, counts: ErrorCounts) -> NDArray[np.float64]:
            return counts.mated_nonmatches / (counts.mated - counts.mated_nonmatches)

    @registry.register("broken")
    class Broken(ScoreMetric):
        higher_is_better = True

        def evaluate(self, sample: ScoreSample, threshold: float | None) -> float | None:
            raise ZeroDivisionError("no luck")

    comparisons, subjects = search(20)
    (values,) = scores(20, np.random.default_rng(0), "raw-raw")
    result = measure(
        [cell_of("raw-raw", values, comparisons, 80)],
        subjects=subjects,
        mask_types=[None] * 80,
        targets=(0.1,),
        replicates=50,
    )
    rows = {row.metric: row for row in result.rows}
    assert set(rows) == {"median-gap", "accepted", "odds"}
    gap = np.median(values[comparisons.mated]) - np.median(values[~comparisons.mated])
    assert rows["median-gap"].value == pytest.approx(float(gap))
    assert rows["median-gap"].ci_low is None, "it does not heed weights"
    assert rows["accepted"].ci_low is not None and rows["accepted"].ci_low <= rows["accepted"].value
    assert rows["accepted"].threshold_kind == "frozen"
    assert rows["odds"].value == pytest.approx((1 - rows["accepted"].value) / rows["accepted"].value)
    assert [note.text for note in result.notes if note.kind == "failed"] == [
        "metric 'broken' failed: ZeroDivisionError: no luck"
    ]


def test_image_metric_of_a_user(registry: Registry[Metric]) -> None:
    @registry.register("l1")
    class MeanAbsoluteError(ImageMetric):
        higher_is_better = False

        def per_image(
            self, true: NDArray[np.uint8], restored: NDArray[np.uint8], holes: NDArray[np.uint8]
        ) -> NDArray[np.float64]:
            return np.abs(true.astype(float) - restored).mean(axis=(1, 2, 3))

    true = np.zeros((6, 16, 16, 3), np.uint8)
    restored = true + np.arange(6, dtype=np.uint8)[:, None, None, None]
    result = measure_images(
        CELL,
        true=true,
        restored=restored,
        holes=true[..., 0],
        failed=np.array([False] * 5 + [True]),
        subjects=np.array([0, 0, 1, 1, 2, 2], np.int32),
        mask_types=["cloth", "surgical"] * 3,
        replicates=50,
    )
    rows = {row.mask_type: row for row in result.rows}
    assert rows["all"].value == 2.0
    assert rows["cloth"].value == 2.0
    assert rows["surgical"].value == 2.0
    assert [rows[name].n_failed for name in ("all", "cloth", "surgical")] == [1, 0, 1]
    assert rows["all"].ci_low is not None and 0.5 <= rows["all"].ci_low < 2 < rows["all"].ci_high <= 4
    assert (rows["all"].threshold_kind, rows["all"].target) == ("none", None)


def test_images_of_every_built_in_metric() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 256, (5, 24, 24, 3)).astype(np.uint8)
    holes = np.zeros((5, 24, 24), np.uint8)
    holes[:, 12:20, 6:18] = 255
    given = {"holes": holes, "subjects": np.arange(5, dtype=np.int32), "mask_types": ["cloth"] * 5, "replicates": 20}
    restored = true.copy()
    restored[:, 12:20, 6:18] //= 2
    result = measure_images(CELL, true=true, restored=restored, failed=np.zeros(5, bool), **given)
    rows = {row.metric: row for row in result.rows}
    assert set(rows) == {"psnr", "ssim", "psnr_hole", "ssim_hole"}
    assert rows["psnr"].value > rows["psnr_hole"].value
    assert rows["ssim"].value > rows["ssim_hole"].value
    share = 8 * 12 / 24**2
    assert rows["psnr"].value == pytest.approx(rows["psnr_hole"].value - 10 * np.log10(share))

    perfect = measure_images(CELL, true=true, restored=true, failed=np.zeros(5, bool), **given)
    values = {row.metric: row.value for row in perfect.rows}
    assert values["psnr"] is None and values["ssim"] == pytest.approx(1)
    assert any("infinite" in note.text for note in perfect.notes)

    lost = measure_images(CELL, true=true, restored=true, failed=np.ones(5, bool), **given)
    assert all(row.value is None and row.n_failed == 5 for row in lost.rows)


def features_of(raw: NDArray[np.float64], shown: NDArray[np.float64]) -> ProbeFeatures:
    photos = np.arange(len(raw))
    return ProbeFeatures(photos, raw.astype(np.float32), photos, shown.astype(np.float32), photos)


def measured_distances(features: ProbeFeatures) -> Measurement:
    comparisons, subjects = search(20)
    (values,) = scores(20, np.random.default_rng(0), "raw-raw")
    cell = replace(cell_of("raw-restored", values, comparisons, 80), features=features)
    return measure([cell], subjects=subjects, mask_types=["cloth", "n95"] * 40, metrics=["fid", "kid"], replicates=0)


def test_sets_of_probes_are_compared_by_their_embeddings() -> None:
    rng = np.random.default_rng(0)
    raw = 5 * rng.normal(size=(80, 6))
    shown = raw + rng.normal(size=6)
    shown[3] = np.nan
    result = measured_distances(features_of(raw, shown))
    rows = {row.metric: row for row in result.rows}
    assert len(result.rows) == len(rows) == 2, "over all mask types only"
    kept = np.arange(80) != 3
    pair = raw[kept].astype(np.float32), shown[kept].astype(np.float32)
    scale = np.sqrt(np.square(pair[0].astype(float)).mean())
    assert rows["fid"].value == pytest.approx(frechet_distance(pair[0] / scale, pair[1] / scale), rel=1e-4)
    assert rows["kid"].value == pytest.approx(kernel_distance(pair[0] / scale, pair[1] / scale), rel=1e-4)
    assert rows["fid"].ci_low is None
    assert rows["kid"].ci_low < rows["kid"].value < rows["kid"].ci_high
    scaled = measured_distances(features_of(20 * raw, 20 * shown))
    assert [row.value for row in scaled.rows] == pytest.approx([row.value for row in result.rows], rel=1e-4)


def test_too_few_faces_leave_the_frechet_distance_empty_and_few_flag_it() -> None:
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(80, 90))
    result = measured_distances(features_of(raw, raw + 1))
    rows = {row.metric: row for row in result.rows}
    assert rows["fid"].value is None and rows["kid"].value > 0
    assert [note.metric for note in result.notes if "90 features" in note.text and note.kind == "undefined"] == ["fid"]
    flagged = measured_distances(features_of(raw[:, :10], raw[:, :10] + 1))
    assert [note.metric for note in flagged.notes if note.kind == "flagged" and "biased" in note.text] == ["fid"]
    nothing = measured_distances(features_of(np.full((80, 4), np.nan), raw[:, :4]))
    assert all(row.value is None for row in nothing.rows)


def test_without_embeddings_there_is_no_distance() -> None:
    comparisons, subjects = search(20)
    (values,) = scores(20, np.random.default_rng(0), "raw-raw")
    cell = cell_of("raw-raw", values, comparisons, 80)
    assert not measure([cell], subjects=subjects, mask_types=[None] * 80, metrics=["fid", "kid"], replicates=0).rows
