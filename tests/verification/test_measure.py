"""The measuring step: from scored cells to rows."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from benchmark.datasets.base import Comparisons
from benchmark.errors import BenchmarkError, RequestError
from benchmark.verification import error_rates
from benchmark.verification.base import KEY_COLUMNS, MetricRow
from benchmark.verification.error_rates import count_errors
from benchmark.verification.measure import measure
from benchmark.verification.measurement import Measurement, ScoredCell
from benchmark.verification.ranking import auc
from benchmark.verification.samples import ScoreSample
from benchmark.verification.thresholds import threshold_at
from tests.verification.population import CELL, cell_of, scores, search

PEOPLE = 40
CONDITIONS = ("raw-raw", "raw-masked", "raw-restored", "raw-passthrough")
TARGETS = (0.1, 0.01, 1e-4)


@pytest.fixture(scope="module")
def cells() -> list[ScoredCell]:
    comparisons, subjects = search(PEOPLE)
    found = []
    for condition, values in zip(CONDITIONS, scores(PEOPLE, np.random.default_rng(0), *CONDITIONS), strict=True):
        if condition == "raw-restored":
            values[np.isin(comparisons.probe, [1, 5, 6])] = np.nan
        if condition == "raw-passthrough":
            kept = comparisons.probe < 80
            part = Comparisons(*(column[kept] for column in vars(comparisons).values()))
            found.append(cell_of(condition, values[kept], part, len(subjects)))
        else:
            found.append(cell_of(condition, values, comparisons, len(subjects)))
    return found


def mask_types() -> list[str]:
    return ["cloth" if photo % 4 == 1 else "surgical" for photo in range(4 * PEOPLE)]


@pytest.fixture(scope="module")
def measured(cells: list[ScoredCell]) -> Measurement:
    return measure(cells, subjects=search(PEOPLE)[1], mask_types=mask_types(), targets=TARGETS, replicates=100, seed=1)


def find(measured: Measurement, **wanted: object) -> MetricRow:
    wanted = {"mask_type": "all", "target": None, **wanted}
    rows = [row for row in measured.rows if all(getattr(row, name) == value for name, value in wanted.items())]
    assert len(rows) == 1, f"{len(rows)} rows for {wanted}"
    return rows[0]


def test_no_two_rows_share_their_key(measured: Measurement) -> None:
    keys = Counter(tuple(getattr(row, name) for name in KEY_COLUMNS) for row in measured.rows)
    assert max(keys.values()) == 1


def test_values_are_plain_numbers_or_none(measured: Measurement) -> None:
    for row in measured.rows:
        for value in (row.value, row.ci_low, row.ci_high, row.threshold):
            assert value is None or (type(value) is float and np.isfinite(value))
        if row.ci_low is not None and row.ci_high is not None:
            assert row.ci_low <= row.ci_high
    assert sum(row.ci_low is not None for row in measured.rows) > 200


def test_frozen_threshold_is_the_raw_one_everywhere(measured: Measurement, cells: list[ScoredCell]) -> None:
    raw = cells[0]
    expected = threshold_at(raw.scores[~raw.comparisons.mated], 0.01)
    frozen = {row.threshold for row in measured.rows if row.threshold_kind == "frozen" and row.target == 0.01}
    assert frozen == {expected}


@pytest.mark.parametrize("metric", ["fmr", "fnmr", "tar", "gfrr", "gfar"])
@pytest.mark.parametrize("kind", ["frozen", "matched"])
def test_rates_equal_the_pure_functions(measured: Measurement, cells: list[ScoredCell], metric: str, kind: str) -> None:
    raw, restored = cells[0], cells[2]
    source = raw if kind == "frozen" else restored
    threshold = np.float32(threshold_at(source.scores[~source.comparisons.mated], 0.1))
    counts = count_errors(restored.scores, restored.comparisons.mated, threshold)
    row = find(measured, condition="raw-restored", metric=metric, threshold_kind=kind, target=0.1)
    assert row.value == pytest.approx(float(getattr(error_rates, metric)(counts)), abs=1e-15)
    assert (row.n_mated, row.n_nonmated, row.n_failed) == (120, 4680, 3 * PEOPLE)


def test_rows_by_mask_type(measured: Measurement, cells: list[ScoredCell]) -> None:
    masked = cells[1]
    chosen = np.array([mask_types()[probe] == "cloth" for probe in masked.comparisons.probe])
    mated, values = masked.comparisons.mated[chosen], masked.scores[chosen]
    row = find(measured, condition="raw-masked", metric="auc", mask_type="cloth")
    assert row.value == pytest.approx(auc(ScoreSample.of(values, mated)))
    assert row.n_mated == PEOPLE
    own = np.float32(threshold_at(values[~mated], 0.1))
    row = find(measured, condition="raw-masked", metric="fnmr", mask_type="cloth", threshold_kind="matched", target=0.1)
    assert row.value == pytest.approx(float(error_rates.fnmr(count_errors(values, mated, own))))
    general = np.float32(threshold_at(cells[0].scores[~cells[0].comparisons.mated], 0.1))
    row = find(measured, condition="raw-masked", metric="fmr", mask_type="cloth", threshold_kind="frozen", target=0.1)
    assert row.value == pytest.approx(float(error_rates.fmr(count_errors(values, mated, general))))
    types = {row.condition: set() for row in measured.rows}
    for row in measured.rows:
        types[row.condition].add(row.mask_type)
    assert types["raw-raw"] == types["raw-passthrough"] == {"all"}, "no mask is worn there"
    assert types["raw-restored"] == {"all", "cloth", "surgical"}


@pytest.mark.parametrize("mask_type", ["all", "cloth"])
def test_recovery_from_its_three_rates(measured: Measurement, cells: list[ScoredCell], mask_type: str) -> None:
    worn = np.array([mask_type in ("all", name) for name in mask_types()])
    rates = []
    for cell in cells[:3]:
        chosen = worn[cell.comparisons.probe]
        mated, values = cell.comparisons.mated[chosen], cell.scores[chosen]
        own = np.float32(threshold_at(values[~mated], 0.1))
        rates.append(float(error_rates.gfrr(count_errors(values, mated, own))))
    raw, masked, restored = rates
    row = find(measured, metric="recovery", condition="raw-restored", mask_type=mask_type, target=0.1)
    assert row.threshold_kind == "matched"
    assert row.value == pytest.approx((masked - restored) / (masked - raw))
    gain = find(
        measured, metric="gain", condition="raw-restored", mask_type=mask_type, threshold_kind="matched", target=0.1
    )
    assert gain.value == pytest.approx(masked - restored)


def test_harm_is_on_the_same_comparisons(measured: Measurement, cells: list[ScoredCell]) -> None:
    raw, passed = cells[0], cells[3]
    threshold = np.float32(threshold_at(raw.scores[~raw.comparisons.mated], 0.01))
    same = raw.comparisons.probe < 80
    before = error_rates.gfrr(count_errors(raw.scores[same], raw.comparisons.mated[same], threshold))
    after = error_rates.gfrr(count_errors(passed.scores, passed.comparisons.mated, threshold))
    row = find(measured, metric="harm", condition="raw-passthrough", target=0.01)
    assert row.value == pytest.approx(float(after - before))
    assert row.ci_low is not None and row.ci_high is not None
    assert {row.target for row in measured.rows if row.metric == "harm"} == {0.1, 0.01}


def test_refused_and_flagged_targets(measured: Measurement) -> None:
    assert 1e-4 not in {row.target for row in measured.rows}
    refused = [note for note in measured.notes if note.kind == "refused" and note.target == 1e-4]
    assert refused and "fewer than 3" in refused[0].text
    # 4,680 non-mated comparisons carry 1e-2; the 1,560 of one mask type, and the 2,360 of the passthrough, with a flag
    flagged = {
        (note.mask_type, cell.condition)
        for note in measured.notes
        for cell in note.cells
        if note.kind == "flagged" and note.target == 0.01
    }
    assert flagged == {("cloth", "raw-masked"), ("cloth", "raw-restored"), ("all", "raw-passthrough")}


def test_realised_fmr_is_noted(cells: list[ScoredCell]) -> None:
    alike = replace(cells[2], scores=(cells[2].scores * 0.2 + 0.8).astype(np.float32))
    result = measure([*cells[:2], alike], subjects=search(PEOPLE)[1], mask_types=mask_types(), replicates=20)
    row = find(result, condition="raw-restored", metric="fmr", threshold_kind="frozen", target=0.01)
    assert row.value == 1.0
    notes = [note for note in result.notes if note.kind == "realised FMR" and alike.cell in note.cells]
    assert "realised FMR 1 is 100.0 times the target 0.01" in {note.text for note in notes}
    matched = find(result, condition="raw-restored", metric="recovery", target=0.01)
    frozen = find(result, condition="raw-restored", metric="recovery_frozen", target=0.01)
    assert frozen.value is not None and frozen.value > 1
    before = measure(cells[:3], subjects=search(PEOPLE)[1], mask_types=mask_types(), replicates=20)
    assert matched.value == pytest.approx(
        find(before, condition="raw-restored", metric="recovery", target=0.01).value
    ), "a method that makes all alike wins nothing at the matched threshold"


def test_fta(measured: Measurement) -> None:
    row = find(measured, condition="raw-restored", metric="fta")
    assert row.value == pytest.approx(3 / 120)
    assert row.ci_high is not None and row.ci_high > row.value


def test_rank1_and_no_accuracy_without_folds(measured: Measurement) -> None:
    row = find(measured, condition="raw-raw", metric="rank1")
    assert row.value is not None and 0.5 < row.value <= 1
    assert not [row for row in measured.rows if row.metric.startswith("accuracy")]


def test_accuracy_with_folds(cells: list[ScoredCell]) -> None:
    raw = cells[0]
    folds = (search(PEOPLE)[1][raw.comparisons.probe] % 10).astype(np.int8)
    values = raw.scores.copy()
    values[:20] = np.nan
    folded = replace(raw, comparisons=replace(raw.comparisons, fold=folds), scores=values)
    result = measure([folded], subjects=search(PEOPLE)[1], mask_types=mask_types(), replicates=0)
    accuracy = find(result, metric="accuracy")
    generalised = find(result, metric="accuracy_generalised")
    assert accuracy.value is not None and generalised.value is not None
    assert generalised.value < accuracy.value
    assert accuracy.ci_low is not None and accuracy.ci_low < accuracy.value


def test_curves(measured: Measurement, cells: list[ScoredCell]) -> None:
    assert [curves.cell for curves in measured.curves] == [scored.cell for scored in cells]
    for curves, scored in zip(measured.curves, cells, strict=True):
        completed = np.isfinite(scored.scores)
        assert curves.mated.sum() == (scored.comparisons.mated & completed).sum()
        assert curves.nonmated.sum() == (~scored.comparisons.mated & completed).sum()
        assert (curves.edges == measured.curves[0].edges).all()


def test_same_seed_same_numbers_and_order_does_not_matter(cells: list[ScoredCell], measured: Measurement) -> None:
    again = measure(
        cells[::-1], subjects=search(PEOPLE)[1], mask_types=mask_types(), targets=TARGETS, replicates=100, seed=1
    )
    assert set(again.rows) == set(measured.rows)


def test_groups_have_their_own_frozen_threshold(cells: list[ScoredCell]) -> None:
    shifted = [
        replace(scored, cell=replace(scored.cell, recogniser="other"), scores=scored.scores + np.float32(1))
        for scored in cells[:2]
    ]
    result = measure([*cells[:2], *shifted], subjects=search(PEOPLE)[1], mask_types=mask_types(), replicates=0)
    for condition in ("raw-raw", "raw-masked"):
        one, other = (
            find(result, recogniser=name, condition=condition, metric="fmr", threshold_kind="frozen", target=0.01)
            for name in ("simulated", "other")
        )
        assert one.value == pytest.approx(other.value, abs=1e-3)
        assert other.threshold == pytest.approx(one.threshold + 1, abs=1e-6)


class TestDegenerateCells:
    """Nothing to count gives empty values and notes; never an exception."""

    def measure_one(self, *given: ScoredCell, people: int = PEOPLE, replicates: int = 10) -> Measurement:
        photos = 4 * people
        return measure(
            given, subjects=search(people)[1], mask_types=["cloth"] * photos, targets=(0.1,), replicates=replicates
        )

    def test_all_failed(self, cells: list[ScoredCell]) -> None:
        comparisons = cells[0].comparisons
        lost = cell_of("raw-restored", np.full(len(comparisons), np.nan, np.float32), comparisons, 4 * PEOPLE)
        result = self.measure_one(*cells[:2], lost)
        where = {"condition": "raw-restored"}
        for kind in ("frozen", "matched"):
            assert find(result, **where, metric="fnmr", threshold_kind=kind, target=0.1).value is None
            assert find(result, **where, metric="fmr", threshold_kind=kind, target=0.1).value is None
            assert find(result, **where, metric="gfrr", threshold_kind=kind, target=0.1).value == 1
        assert find(result, **where, metric="fta").value == 1
        assert find(result, **where, metric="rank1").value == 0
        assert find(result, **where, metric="auc").value is None
        recovery = find(result, **where, metric="recovery", target=0.1)
        assert recovery.value is not None and recovery.value < 0, "losing every face earns less than nothing"
        texts = [note.text for note in result.notes if note.kind == "undefined"]
        assert "none of 120 mated comparisons was completed" in texts

    def test_raw_all_failed(self, cells: list[ScoredCell]) -> None:
        comparisons = cells[0].comparisons
        lost = cell_of("raw-raw", np.full(len(comparisons), np.nan, np.float32), comparisons, 4 * PEOPLE)
        result = self.measure_one(lost, cells[1])
        row = find(result, condition="raw-masked", metric="gfrr", threshold_kind="frozen", target=0.1)
        assert (row.value, row.threshold) == (None, None)
        assert (
            find(result, condition="raw-masked", metric="gfrr", threshold_kind="matched", target=0.1).value is not None
        )

    @pytest.mark.parametrize("mated", [True, False])
    def test_one_side_alone(self, cells: list[ScoredCell], mated: bool) -> None:
        raw = cells[0]
        kept = raw.comparisons.mated == mated
        part = Comparisons(*(column[kept] for column in vars(raw.comparisons).values()))
        result = self.measure_one(cell_of("raw-raw", raw.scores[kept], part, 4 * PEOPLE))
        assert find(result, metric="auc").value is None
        assert {note.text for note in result.notes} & {"no mated comparisons", "no non-mated comparisons"}

    def test_one_subject(self) -> None:
        comparisons, _ = search(1)
        result = self.measure_one(cell_of("raw-raw", np.array([0.5, 0.6, 0.7], np.float32), comparisons, 4), people=1)
        assert find(result, metric="fta").value == 0
        assert all(row.value is None for row in result.rows if row.metric in ("auc", "eer", "d_prime"))

    def test_identical_scores(self, cells: list[ScoredCell]) -> None:
        same = np.full(len(cells[0].scores), 0.25, np.float32)
        result = self.measure_one(*(replace(scored, scores=same) for scored in cells[:2]))
        assert find(result, condition="raw-raw", metric="auc").value == 0.5
        assert find(result, condition="raw-raw", metric="d_prime").value is None
        assert find(result, condition="raw-raw", metric="tar", threshold_kind="frozen", target=0.1).value == 0

    def test_no_comparisons(self) -> None:
        none = np.empty(0, np.int32)
        comparisons = Comparisons(none, none, np.empty(0, bool), np.empty(0, np.int8))
        result = self.measure_one(cell_of("raw-raw", np.empty(0, np.float32), comparisons, 4), people=1)
        assert all(row.value is None for row in result.rows)

    def test_no_raw_cell(self, cells: list[ScoredCell]) -> None:
        result = self.measure_one(cells[1], cells[2])
        assert not [row for row in result.rows if row.threshold_kind == "frozen" or row.metric == "recovery"]
        assert any("no raw-raw scores" in note.text for note in result.notes)
        assert any(note.metric == "recovery" and note.kind == "withheld" for note in result.notes)

    def test_no_replicates(self, cells: list[ScoredCell]) -> None:
        result = self.measure_one(*cells[:3], replicates=0)
        assert find(result, condition="raw-restored", metric="recovery", target=0.1).value is None
        assert all(row.ci_low is None for row in result.rows)

    def test_no_cells(self) -> None:
        assert self.measure_one() == Measurement((), (), ())


class TestContradictions:
    """What cannot be is refused, in one line."""

    def refuse(self, words: str, *given: ScoredCell, types: int = 4 * PEOPLE) -> None:
        with pytest.raises(BenchmarkError, match=words):
            measure(given, subjects=search(PEOPLE)[1], mask_types=[None] * types, replicates=0)

    def test_a_score_of_a_failed_photo(self, cells: list[ScoredCell]) -> None:
        self.refuse("must be NaN", replace(cells[0], failed_probes=np.ones(4 * PEOPLE, dtype=bool)))

    def test_mated_against_subjects(self, cells: list[ScoredCell]) -> None:
        turned = replace(cells[0].comparisons, mated=~cells[0].comparisons.mated)
        self.refuse("subjects say otherwise", replace(cells[0], comparisons=turned))

    def test_a_photo_with_itself(self, cells: list[ScoredCell]) -> None:
        self.refuse(
            "with itself",
            replace(cells[0], comparisons=replace(cells[0].comparisons, reference=cells[0].comparisons.probe)),
        )

    def test_missing_scores(self, cells: list[ScoredCell]) -> None:
        self.refuse("give one each", replace(cells[0], scores=cells[0].scores[1:]))

    def test_two_protocols(self, cells: list[ScoredCell]) -> None:
        self.refuse("each protocol by itself", cells[0], replace(cells[1], cell=replace(CELL, protocol="other")))

    def test_a_cell_twice(self, cells: list[ScoredCell]) -> None:
        self.refuse("each cell once", cells[0], cells[0])

    def test_two_baselines(self, cells: list[ScoredCell]) -> None:
        self.refuse("in one group", cells[0], replace(cells[0], cell=replace(CELL, preset="other")))

    def test_mask_types(self, cells: list[ScoredCell]) -> None:
        self.refuse("give one per photo", cells[0], types=3)

    def test_targets(self, cells: list[ScoredCell]) -> None:
        with pytest.raises(RequestError, match="between 0 and 1"):
            measure(cells, subjects=search(PEOPLE)[1], mask_types=mask_types(), targets=(2.0,))
