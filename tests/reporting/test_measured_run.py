"""What the measuring step really returns goes through the report: rows, notes and curves speak one language."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.cards import MethodCard
from benchmark.datasets.base import Comparisons
from benchmark.reporting.results_index import ResultsIndex
from benchmark.reporting.results_table import COLUMNS, method_table
from benchmark.reporting.run_results import IMAGE_COLUMNS, RunResults
from benchmark.reporting.write_run import write_run
from benchmark.verification.base import Cell
from benchmark.verification.measure import measure
from benchmark.verification.measurement import ScoredCell
from benchmark.verification.metric_description import stored_descriptions
from benchmark.verification.resolve import described, load_metrics

RAW = Cell("people", "all", "oracle", "64", "dlib", "none", "", "", "none", "raw-raw")
PEOPLE, PHOTOS = 60, 3


def _results() -> RunResults:
    rng = np.random.default_rng(3)
    subjects = np.repeat(np.arange(PEOPLE, dtype=np.int32), PHOTOS)
    reference, probe = (side.astype(np.int32) for side in np.triu_indices(len(subjects), k=1))
    mated = subjects[reference] == subjects[probe]
    comparisons = Comparisons(reference, probe, mated, np.full(len(mated), -1, dtype=np.int8))
    whole = np.zeros(len(subjects), dtype=np.bool_)
    cells = []
    for method, condition, mean in (
        ("none", "raw-raw", 5.0),
        ("none", "raw-masked", 2.0),
        ("telea", "raw-restored", 3.0),
        ("telea", "raw-passthrough", 4.5),
    ):
        scores = (rng.standard_normal(len(mated)) + mean * mated).astype(np.float32)
        cells.append(ScoredCell(replace(RAW, method=method, condition=condition), comparisons, scores, whole, whole))
    measurement = measure(
        cells,
        subjects=subjects,
        mask_types=[("cloth", "kn95")[row % 2] for row in range(len(subjects))],
        targets=(1e-2, 1e-3, 1e-5),
        replicates=40,
    )
    return RunResults(
        metrics=measurement.rows,
        notes=["a plain sentence", *measurement.notes],
        curves=measurement.curves,
        images=pd.DataFrame(columns=list(IMAGE_COLUMNS)),
        examples=[],
        manifest={
            "config": {"seed": 0},
            "metrics": {name: one.model_dump() for name, one in described(load_metrics()).items()},
        },
        cards={"telea": MethodCard()},
        losses={},
    )


def test_a_measured_run_is_reported(tmp_path: Path) -> None:
    results = _results()
    index = ResultsIndex(results.metrics, results.cards, results.notes, stored_descriptions(results.manifest))
    assert index.main_target() == 1e-2  # some 16,000 non-mated comparisons: 160 false matches, and 16 at 1e-3
    table = method_table(index, index.panels[0], 1e-2, {})
    assert [row.label for row in table.baselines] == ["Raw", "Masked probe"]
    shown = {(column.metric, column.kind): cell for column, cell in zip(COLUMNS, table.methods[0].cells, strict=True)}
    assert not shown["recovery", "matched"].empty and 0 < (shown["recovery", "matched"].order or 0) < 1
    assert not shown["harm", "frozen"].empty
    page = write_run(results, tmp_path).read_text(encoding="utf-8")
    assert "a plain sentence" in page
    assert "Targets refused" in page and "Targets flagged" in page
    assert re.search(
        r"The best restoration, telea, wins back \d+\u202f% of that loss \(95\u202f% interval \d+ to \d+\)", page
    )
    assert {path.name for path in (tmp_path / "figures").glob("*.svg")} == {
        "det-dlib.svg",
        "recovery-dlib.svg",
        "roc-dlib.svg",
        "scores-dlib.svg",
    }
