"""People and methods called ``NA``, ``null`` or ``001`` survive every table, read as ``docs/files.md`` says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from fake_run import METHODS, fake_run

from benchmark.api.comparison import RunComparison
from benchmark.masking.export_journal import ExportJournal, ExportRecord
from benchmark.reporting.deltas import join_runs
from benchmark.reporting.export.support import read_support
from benchmark.reporting.label_problem import UNLIKE, LabelProblem, LabelProblems
from benchmark.reporting.metrics_file import read_metrics
from benchmark.reporting.run_results import IMAGE_COLUMNS
from benchmark.reporting.write_run import write_run
from benchmark.storage.csv_files import write_table
from benchmark.verification.difference import Difference
from benchmark.verification.group_row import GroupRow

NAMES = ("NA", "null", "None", "nan", "001", "1e5", "N/A", "True", "inf", "0x10", "1_000")
DOCS = Path(__file__).resolve().parents[2] / "docs" / "files.md"


def read(file: Path) -> pd.DataFrame:
    """As the page says."""
    return pd.read_csv(file, dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose people, groups, methods and recognisers all have such names."""
    place = tmp_path_factory.mktemp("run")
    run = fake_run(methods=METHODS[:1], recognisers=("dlib",), mask_types=(), people=0, size=32)
    row = next(one for one in run.metrics if one.target is None)
    metrics = [*run.metrics, *(replace(row, method=name, recogniser=name, preset=name) for name in NAMES)]
    images = pd.DataFrame([dict.fromkeys(IMAGE_COLUMNS, name) for name in NAMES], columns=list(IMAGE_COLUMNS))
    cell = ("lfw", "view2", "oracle", "64")
    differences = [
        Difference(*cell, name, name, name, name, name, "", "", "gfrr", "matched", 0.01, -0.1, -0.2, -0.05, True, 0.001,
                   0.01, 10, 10)
        for name in NAMES
    ]  # fmt: skip
    groups = [
        GroupRow(*cell, "dlib", "none", "", "", "none", "raw-raw", "region", name, "fmr", 0.01, None, None, None, 1, 1,
                 0.5)
        for name in NAMES
    ]  # fmt: skip
    problems = tuple(LabelProblem(UNLIKE, name, name, f"{name}0", name, name, 0.1) for name in NAMES)
    write_run(
        replace(
            run,
            metrics=metrics,
            images=images,
            differences=differences,
            groups=groups,
            label_problems=LabelProblems(problems, 1),
        ),
        place,
    )
    return place


def test_the_page_says_how_to_read_them() -> None:
    lines = re.findall(r"pd\.read_csv\(.*", DOCS.read_text("utf-8"))
    assert len(lines) >= 2
    assert all("dtype=str, keep_default_na=False)" in line for line in lines)


@pytest.mark.parametrize(
    ("file", "columns"),
    [
        ("metrics.csv", ("recogniser", "method", "preset")),
        ("images.csv", IMAGE_COLUMNS),
        ("differences.csv", ("recogniser", "method", "preset", "mask_source", "other")),
        ("groups.csv", ("group",)),
        ("label_problems.csv", ("reference_id", "reference_subject", "probe_subject", "recogniser")),
    ],
)
def test_every_name_is_read_as_it_was_written(folder: Path, file: str, columns: tuple[str, ...]) -> None:
    table = read(folder / file)
    for column in columns:
        assert list(table[column])[-len(NAMES) :] == list(NAMES), column


def test_numbers_can_be_had(folder: Path) -> None:
    table = read(folder / "label_problems.csv")
    assert pd.to_numeric(table["score"]).eq(0.1).all()
    assert pd.to_numeric(table["likeness"]).isna().all(), "an empty field is no number"


def test_the_program_reads_its_own_tables_so(folder: Path, tmp_path: Path) -> None:
    support = read_support(folder)
    assert {key[1] for key in support.tests} == set(NAMES)
    metrics = read_metrics(folder / "metrics.csv")
    write_table(tmp_path / "deltas.csv", join_runs(metrics, metrics, {}))
    deltas = RunComparison(tmp_path).deltas
    assert set(NAMES) <= set(deltas["recogniser"]) and set(NAMES) <= set(deltas["method"])
    assert deltas["value_a"].dtype == float and deltas["delta"].dropna().eq(0).all()


def test_the_manifest_of_drawn_masks(tmp_path: Path) -> None:
    with ExportJournal(tmp_path, {}, fresh=False) as journal:
        for name in NAMES:
            journal.add(ExportRecord(f"{name}/{name}", name, f"{name}/{name}", "ok", "", "", "surgical"))
        journal.write_manifest([f"{name}/{name}" for name in NAMES])
    assert list(read(tmp_path / "manifest.csv")["subject"]) == list(NAMES)
