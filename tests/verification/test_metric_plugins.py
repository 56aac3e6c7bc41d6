"""Every registered metric, and metrics of a user."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark import plugins
from benchmark.errors import PluginError, RequestError
from benchmark.plugins import METRICS, register_metric
from benchmark.registry import Registry
from benchmark.verification import resolve as resolving
from benchmark.verification.base import ImageMetric, Metric, RateMetric, ScoreMetric
from benchmark.verification.error_rates import ErrorCounts
from benchmark.verification.feature_distance import frechet_distance, kernel_distance
from benchmark.verification.measure import measure
from benchmark.verification.measure_images import measure_images
from benchmark.verification.measurement import Measurement, ProbeFeatures
from benchmark.verification.metric_description import (
    MetricDescription,
    common_descriptions,
    stored_descriptions,
)
from benchmark.verification.resolve import described, load_metrics
from benchmark.verification.samples import ScoreSample
from tests.verification.population import CELL, cell_of, scores, search

RATES = ["fmr", "fnmr", "gfrr", "gfar", "tar", "eer", "auc", "d_prime", "accuracy", "rank1", "fta"]
CONTRASTS = ["recovery", "recovery_frozen", "harm"]
DISTANCES = ["fid", "kid"]
MASKS = ["mask_iou", "mask_precision", "mask_recall", "mask_left", "hole_excess", "missed_masks", "false_masks"]
IMAGES_AND_COSTS = ["psnr", "ssim", "seconds_per_image", "peak_memory_mib"]


@pytest.mark.parametrize("name", [*RATES, *CONTRASTS, *DISTANCES, *MASKS, *IMAGES_AND_COSTS])
def test_every_metric_of_the_design_is_registered(name: str) -> None:
    metric = METRICS.load(name)
    assert isinstance(metric.higher_is_better, bool) or name == "recovery_frozen"
    assert metric.title
    assert metric.__doc__ and metric.__doc__.splitlines()[0].endswith(".")
    assert metric.availability().available


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[Metric]]:
    """A registry for the user's metrics alone."""
    own: Registry[Metric] = Registry("metrics", base="benchmark.verification.base:Metric", package="tests")
    own._scanned = True
    monkeypatch.setattr(resolving, "METRICS", own)
    monkeypatch.setattr(plugins, "METRICS", own)
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

        def map(self, true: NDArray[np.uint8], restored: NDArray[np.uint8]) -> NDArray[np.float64]:
            return np.abs(true.astype(float) - restored).mean(axis=3)

    true = np.zeros((6, 16, 16, 3), np.uint8)
    restored = true + np.arange(6, dtype=np.uint8)[:, None, None, None]
    restored[:, :8] = 0
    holes = np.zeros((6, 16, 16), np.uint8)
    holes[:, 8:] = 255
    result = measure_images(
        CELL,
        true=true,
        restored=restored,
        holes=holes,
        failed=np.array([False] * 5 + [True]),
        subjects=np.array([0, 0, 1, 1, 2, 2], np.int32),
        mask_types=["cloth", "surgical"] * 3,
        replicates=50,
    )
    assert {row.metric: row.value for row in result.rows if row.mask_type == "all"} == {"l1": 1.0, "l1_hole": 2.0}
    rows = {row.mask_type: row for row in result.rows if row.metric == "l1_hole"}
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
    return measure(
        [cell], subjects=subjects, mask_types=["cloth", "n95"] * 40, metrics=load_metrics(["fid", "kid"]), replicates=0
    )


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
    assert not measure(
        [cell], subjects=subjects, mask_types=[None] * 80, metrics=load_metrics(["fid", "kid"]), replicates=0
    ).rows


def test_one_function_is_a_metric(registry: Registry[Metric]) -> None:
    @register_metric("half-total", kind="rate", share=True, higher_is_better=False, threshold_kinds=("matched",))
    def half_total(counts: ErrorCounts) -> NDArray[np.float64]:
        """Mean of FMR and FNMR."""
        return (counts.nonmated_matches / counts.nonmated + counts.mated_nonmatches / counts.mated) / 2

    @register_metric("l1", kind="image")
    def l1(true: NDArray[np.uint8], restored: NDArray[np.uint8]) -> NDArray[np.float64]:
        return np.abs(true.astype(float) - restored).mean(axis=3)

    assert half_total.__doc__ == "Mean of FMR and FNMR.", "the function itself stays as it was"
    comparisons, subjects = search(20)
    (values,) = scores(20, np.random.default_rng(0), "raw-raw")
    cell = cell_of("raw-raw", values, comparisons, 80)
    result = measure([cell], subjects=subjects, mask_types=[None] * 80, targets=(0.1,), replicates=20)
    (row,) = result.rows
    assert (row.metric, row.threshold_kind) == ("half-total", "matched")
    accepted = values >= row.threshold
    expected = (accepted[~comparisons.mated].mean() + (~accepted[comparisons.mated]).mean()) / 2
    assert row.value == pytest.approx(expected)
    assert row.ci_low < row.value < row.ci_high
    says = described(load_metrics())
    assert says["half-total"] == MetricDescription(
        title="half-total",
        meaning="Mean of FMR and FNMR.",
        kind="rate",
        share=True,
        unit="%",
        higher_is_better=False,
        decimals=1,
    )
    assert says["l1_hole"].title == "l1 in the hole" and says["l1"].higher_is_better is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "needs its kind"),
        ({"kind": "rates"}, "unknown kind 'rates'; kinds are: rate, score"),
        ({"kind": "score", "higher_is_beter": True}, "did you mean 'higher_is_better'"),
        ({"kind": "image"}, r"is given \(true, restored\) but cannot take it"),
    ],
)
def test_a_function_that_cannot_be_a_metric_is_refused_at_once(
    registry: Registry[Metric], settings: dict[str, object], said: str
) -> None:
    def widest(sample: ScoreSample, threshold: float | None, more: int) -> float:
        raise AssertionError("never called")

    with pytest.raises(PluginError, match=said):
        register_metric("widest", **settings)(widest)  # type: ignore[call-overload]


def test_a_class_takes_its_settings_from_its_attributes(registry: Registry[Metric]) -> None:
    with pytest.raises(PluginError, match="its base is its kind"):
        register_metric("a", kind="rate")(RateMetric)


def test_a_metric_of_unknown_kind_is_an_error(registry: Registry[Metric]) -> None:
    @registry.register("own-kind")
    class OwnKind(Metric):
        def measure(self) -> float:
            return 0.0

    with pytest.raises(PluginError, match=r"'own-kind'.*inherits from no metric class that is measured; .*RateMetric"):
        load_metrics()


def test_a_metric_that_lacks_its_method_is_an_error(registry: Registry[Metric]) -> None:
    @registry.register("half-done")
    class HalfDone(ScoreMetric):
        def value(self) -> float:
            return 0.0

    with pytest.raises(PluginError, match=r"does not define evaluate\(\)"):
        load_metrics()


def test_two_metrics_may_not_write_rows_of_one_name(registry: Registry[Metric]) -> None:
    @register_metric("l1", kind="image")
    def l1(true: NDArray[np.uint8], restored: NDArray[np.uint8]) -> NDArray[np.float64]:
        raise AssertionError("never called")

    @register_metric("l1_hole", kind="score")
    def l1_hole(sample: ScoreSample, threshold: float | None) -> float:
        raise AssertionError("never called")

    with pytest.raises(PluginError, match="'l1' and 'l1_hole' both write rows called 'l1_hole'"):
        load_metrics()


def test_the_map_of_an_image_metric_is_computed_once_for_both_regions(registry: Registry[Metric]) -> None:
    seen = []

    @register_metric("counted", kind="image")
    def counted(true: NDArray[np.uint8], restored: NDArray[np.uint8]) -> NDArray[np.float64]:
        seen.append(len(true))
        return np.zeros(true.shape[:3])

    true = np.zeros((5, 16, 16, 3), np.uint8)
    given = {"holes": true[..., 0], "subjects": np.arange(5, dtype=np.int32), "mask_types": ["cloth"] * 5}
    result = measure_images(CELL, true=true, restored=true, failed=np.zeros(5, bool), replicates=5, **given)
    assert seen == [5] and len(result.rows) == 2


def test_a_map_of_a_wrong_size_fails_its_metric_alone(registry: Registry[Metric]) -> None:
    @register_metric("cut", kind="image")
    def cut(true: NDArray[np.uint8], restored: NDArray[np.uint8]) -> NDArray[np.float64]:
        return np.zeros((len(true), 16, 15))

    true = np.zeros((5, 16, 16, 3), np.uint8)
    given = {"holes": true[..., 0], "subjects": np.arange(5, dtype=np.int32), "mask_types": ["cloth"] * 5}
    result = measure_images(CELL, true=true, restored=true, failed=np.zeros(5, bool), replicates=5, **given)
    assert not result.rows
    assert [note.metric for note in result.notes if note.kind == "failed"] == ["cut", "cut_hole"]


def test_descriptions_survive_a_manifest() -> None:
    says = described(load_metrics())
    manifest = {"metrics": {name: description.model_dump() for name, description in says.items()}}
    assert stored_descriptions(manifest) == says
    assert says["gfrr"].share and says["gfrr"].higher_is_better is False and says["gfrr"].unit == "%"
    assert says["accuracy_generalised"].unit == says["accuracy"].unit == "%"
    assert says["recovery_frozen"].higher_is_better is None
    assert stored_descriptions({}) == {}


@pytest.mark.parametrize("stored", ["text", {"gfrr": 3}, {"gfrr": {"title": "GFRR", "decimals": -1}}, {"gfrr": {}}])
def test_damaged_descriptions_are_refused(stored: object) -> None:
    with pytest.raises(RequestError, match=r"manifest\.json is damaged"):
        stored_descriptions({"metrics": stored})


def test_runs_that_disagree_about_a_direction_have_none() -> None:
    up, down = (MetricDescription(title="x", higher_is_better=higher) for higher in (True, False))
    assert common_descriptions([{"a": up}, {"a": down, "b": down}]) == {
        "a": up.model_copy(update={"higher_is_better": None}),
        "b": down,
    }


def test_an_entry_point_may_name_a_decorated_function(
    registry: Registry[Metric], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "metric_in_a_package.py").write_text(
        "from benchmark.plugins import register_metric\n\n\n"
        '@register_metric("highest", kind="score")\n'
        "def highest(sample, threshold):\n"
        "    return float(sample.mated[-1])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry.register_lazily("highest", "metric_in_a_package:highest")
    assert issubclass(registry.load("highest"), ScoreMetric)
