"""What was measured is read back unchanged, and measured again as soon as anything that decides it has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.artifacts import ArtifactStore
from benchmark.pipeline.rows import stored_measurements
from benchmark.pipeline.rows.stored_measurements import StoredMeasurements
from benchmark.plugin_code import sources
from benchmark.plugin_code.importer import load_file
from benchmark.verification.base import OF_SCORES, Metric, ScoreMetric
from benchmark.verification.measure import measure
from benchmark.verification.measurement import Measurement, ScoredCell
from benchmark.verification.resolve import load_metrics
from benchmark.verification.samples import ScoreSample
from tests.verification.population import cell_of, scores, search

CONDITIONS = ("raw-raw", "raw-masked", "raw-restored", "raw-restored other")
PLUGIN = """
from benchmark.verification.base import ScoreMetric

class Constant(ScoreMetric):
    '''A constant.'''
    def evaluate(self, sample, threshold):
        return {}
"""


@pytest.fixture
def cells() -> list[ScoredCell]:
    comparisons, subjects = search(20)
    found = scores(20, np.random.default_rng(0), *CONDITIONS)
    found[1][comparisons.probe == comparisons.probe[3]] = np.nan
    return [cell_of(name, values, comparisons, len(subjects)) for name, values in zip(CONDITIONS, found, strict=True)]


@pytest.fixture(autouse=True)
def _plugins_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sources, "_kept", {})
    monkeypatch.setattr(sources, "_sealed", set())
    yield


class Kept:
    """Measures cells with a new store in a folder, and counts the groups that were measured."""

    def __init__(self, folder: Path, cells: Sequence[ScoredCell]) -> None:
        self.folder = folder
        self.cells = cells
        self.made = 0

    def measure(self, metrics: Mapping[str, Metric] | None = None, **settings: Any) -> Measurement:
        metrics = load_metrics() if metrics is None else metrics
        kept = StoredMeasurements(ArtifactStore(self.folder), {"seed": 0, **settings}, metrics)

        def once(group: Sequence[ScoredCell], make: Callable[[], Measurement]) -> Measurement:
            def counted() -> Measurement:
                self.made += 1
                return make()

            return kept.once({"cells": [kept.cell_in_key(one) for one in group]}, counted, kinds=OF_SCORES)

        subjects = search(20)[1]
        return measure(
            self.cells,
            subjects=subjects,
            mask_types=[None] * len(subjects),
            targets=(0.01, 0.1),
            replicates=10,
            metrics=metrics,
            baselines={"other"},
            keep=once,
        )


def test_what_was_measured_is_read_back_and_not_measured_again(tmp_path: Path, cells: list[ScoredCell]) -> None:
    elsewhere = [replace(one, cell=replace(one.cell, recogniser="another")) for one in cells]
    kept = Kept(tmp_path, [*cells, *elsewhere])
    first, again = kept.measure(), kept.measure()
    assert kept.made == 2
    subjects = search(20)[1]
    plain = measure(
        kept.cells,
        subjects=subjects,
        mask_types=[None] * len(subjects),
        targets=(0.01, 0.1),
        replicates=10,
        baselines={"other"},
    )
    for found in (first, again):
        assert found.rows == plain.rows
        assert found.notes == plain.notes
        assert found.differences == plain.differences
        for one, other in zip(found.curves, plain.curves, strict=True):
            assert one.cell == other.cell
            for name in set(vars(one)) - {"cell"}:
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name), strict=True)


@pytest.mark.parametrize("part", ["scores", "comparisons", "failed_probes", "failed_references", "cell"])
def test_other_content_is_measured_again(tmp_path: Path, cells: list[ScoredCell], part: str) -> None:
    kept = Kept(tmp_path, cells)
    kept.measure()
    last = cells[-1]
    changed: Any = {
        "scores": last.scores + np.float32(1e-6),
        "comparisons": replace(last.comparisons, fold=last.comparisons.fold + np.int8(1)),
        "failed_probes": np.ones_like(last.failed_probes),
        "failed_references": np.ones_like(last.failed_references),
        "cell": replace(last.cell, preset="another"),
    }[part]
    kept.cells = [*cells[:-1], replace(last, **{part: changed, **({} if "failed" not in part else _all_failed(last))})]
    kept.measure()
    assert kept.made == 2


def _all_failed(cell: ScoredCell) -> dict[str, Any]:
    return {"scores": np.full_like(cell.scores, np.nan)}


def test_other_settings_and_other_statistics_are_measured_again(
    tmp_path: Path, cells: list[ScoredCell], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(tmp_path, cells)
    kept.measure()
    kept.measure(replicates=5)
    assert kept.made == 2
    monkeypatch.setattr(stored_measurements, "_own_code", lambda: "edited")
    kept.measure()
    assert kept.made == 3


def test_an_edited_metric_of_a_user_is_measured_again(tmp_path: Path, cells: list[ScoredCell]) -> None:
    kept = Kept(tmp_path / "store", cells)
    file = tmp_path / "constant.py"
    for value in (1.0, 1.0, 2.0):
        file.write_text(PLUGIN.format(value), "utf-8")
        found = kept.measure({"constant": load_file(file).Constant()})
        assert {row.value for row in found.rows} == {value}
    assert kept.made == 2


def test_a_new_version_or_another_choice_of_metrics_is_measured_again(tmp_path: Path, cells: list[ScoredCell]) -> None:
    kept = Kept(tmp_path, cells)
    chosen = load_metrics(["auc", "eer"])
    kept.measure(chosen)
    kept.measure({"auc": chosen["auc"]})
    assert kept.made == 2
    setattr(chosen["eer"], "version", chosen["eer"].version + 1)  # noqa: B010  # a class variable, set on an object
    kept.measure(chosen)
    assert kept.made == 3


def test_what_a_broken_metric_left_is_not_kept(tmp_path: Path, cells: list[ScoredCell]) -> None:
    class Breaks(ScoreMetric):
        """Breaks once."""

        broken = False

        def evaluate(self, sample: ScoreSample, threshold: float | None) -> float | None:
            if not Breaks.broken:
                Breaks.broken = True
                raise RuntimeError("not today")
            return 1.0

    kept = Kept(tmp_path, cells)
    first = kept.measure({"breaks": Breaks()})
    assert [note.kind for note in first.notes if note.metric == "breaks"] == ["failed"]
    again = kept.measure({"breaks": Breaks()})
    assert not [note for note in again.notes if note.metric == "breaks"]
    assert {row.value for row in again.rows} == {1.0}
