"""`compare A B`: equal runs, changed runs, runs that cannot be compared, folders that are no runs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from fake_run import DESCRIPTIONS

from benchmark.errors import RequestError
from benchmark.reporting.compare import compare_runs
from benchmark.reporting.compare_page import regressions_first
from benchmark.reporting.deltas import DELTA_COLUMNS, join_runs
from benchmark.reporting.metrics_file import read_metrics, write_metrics
from benchmark.reporting.run_folder import write_manifest
from benchmark.reporting.run_results import RunResults
from benchmark.verification.base import KEY_COLUMNS, MetricRow


def _store(folder: Path, metrics: list[MetricRow], manifest: dict[str, object]) -> Path:
    folder.mkdir()
    write_metrics(metrics, folder / "metrics.csv")
    write_manifest(folder, manifest)
    return folder


def _is(row: MetricRow, metric: str, method: str, target: float | None, kind: str) -> bool:
    return (row.metric, row.method, row.target, row.threshold_kind) == (metric, method, target, kind) and (
        row.mask_type == "all" and row.condition == "raw-restored"
    )


def test_equal_runs_have_no_deltas(small_folder: Path, tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    shutil.copytree(small_folder, twin)
    page = compare_runs(small_folder, twin, tmp_path / "out").page.read_text(encoding="utf-8")
    table = pd.read_csv(tmp_path / "out" / "deltas.csv", keep_default_na=False, na_values=[""])
    assert tuple(table.columns) == DELTA_COLUMNS
    assert (table["in_runs"] == "both").all()
    assert (table["delta"].dropna() == 0).all() and table["delta"].notna().any()
    assert "yes" not in set(table["exceeds_both_intervals"])
    assert "The two runs agree in all" in page and "cannot be compared" not in page


def test_changes_are_weighed_against_both_intervals(small_run: RunResults, small_folder: Path, tmp_path: Path) -> None:
    metrics = []
    for row in small_run.metrics:
        if _is(row, "gfrr", "telea", 1e-2, "frozen"):  # falls far below its interval: better
            row = replace(row, value=0.01, ci_low=0.005, ci_high=0.015)  # noqa: PLW2901
        elif _is(row, "gfrr", "telea", 1e-3, "frozen"):  # moves within it
            assert row.value is not None
            row = replace(row, value=row.value + 1e-4)  # noqa: PLW2901
        elif _is(row, "gfrr", "telea", 1e-4, "frozen"):  # leaves A's interval, while B's holds A's value
            row = replace(row, value=0.2, ci_low=0.0, ci_high=1.0)  # noqa: PLW2901
        metrics.append(row)
    metrics = [row for row in metrics if row.method != "true-pixels"]
    metrics.append(replace(metrics[0], metric="my_own"))
    manifest = dict(small_run.manifest)
    manifest["versions"] = {**manifest["versions"], "torch": "9.9"}
    manifest["peak_memory_mib"] = {"measure": 123456}
    other = _store(tmp_path / "b", metrics, manifest)
    page = compare_runs(small_folder, other, tmp_path / "out").page.read_text(encoding="utf-8")
    table = pd.read_csv(tmp_path / "out" / "deltas.csv", keep_default_na=False, na_values=[""]).set_index(
        list(KEY_COLUMNS)
    )
    table = table.reset_index()
    frozen = table[(table["metric"] == "gfrr") & (table["method"] == "telea") & (table["threshold_kind"] == "frozen")]
    frozen = frozen[(frozen["condition"] == "raw-restored") & (frozen["mask_type"] == "all")].set_index("target")
    assert frozen["exceeds_both_intervals"].to_dict() == {1e-2: "yes", 1e-3: "no", 1e-4: "no"}
    assert frozen["better"].to_dict() == {1e-2: "b", 1e-3: "a", 1e-4: "b"}
    assert frozen.loc[1e-3, "delta"] == pytest.approx(1e-4)
    assert set(table.loc[table["method"] == "true-pixels", "in_runs"]) == {"a"}
    assert table.loc[table["metric"] == "my_own", "in_runs"].tolist() == ["b"]
    assert "1 of" in page and "changed beyond both intervals" in page
    assert "versions.torch" in page and "9.9" in page
    assert "peak_memory_mib" not in page, "no setting"


def test_regressions_come_first(small_run: RunResults, small_folder: Path, tmp_path: Path) -> None:
    changes = {"glcic": 0.05, "telea": -0.3, "segmenter+glcic": 0.02}  # a higher GFRR is worse
    metrics = []
    for row in small_run.metrics:
        shift = changes.get(row.method)
        if shift is not None and row.value is not None and _is(row, "gfrr", row.method, 1e-2, "frozen"):
            value = row.value + shift
            row = replace(row, value=value, ci_low=value - 1e-6, ci_high=value + 1e-6)  # noqa: PLW2901
        metrics.append(row)
    a = [
        replace(row, ci_low=row.value - 1e-6, ci_high=row.value + 1e-6)
        if row.value is not None and _is(row, "gfrr", row.method, 1e-2, "frozen")
        else row
        for row in small_run.metrics
    ]
    first = _store(tmp_path / "a", a, dict(small_run.manifest))
    second = _store(tmp_path / "b", metrics, dict(small_run.manifest))
    page = compare_runs(first, second, tmp_path / "out").page.read_text(encoding="utf-8")
    rows = page.split('id="changes"')[1].split("<tbody")[1].split("</tbody>")[0].split("<tr>")[1:]
    found = [("worse" if ">worse<" in row else "better" if ">better<" in row else "") for row in rows]
    moved = [row.method for row in metrics if row.method in changes and _is(row, "gfrr", row.method, 1e-2, "frozen")]
    assert len(found) == len(moved) > 1
    assert found == sorted(found, key=["worse", "better", ""].index) and {"worse", "better"} <= set(found)
    table = pd.DataFrame(
        {
            "mask_type": ["all", "n95", "all", "all", "all"],
            "better": ["b", "a", "", "a", "a"],
            "delta": [-0.9, 0.8, 0.7, 0.1, 0.2],
        }
    )
    assert list(regressions_first(table).index) == [4, 3, 1, 0, 2]


def test_other_photos_cannot_be_compared(small_run: RunResults, small_folder: Path, tmp_path: Path) -> None:
    manifest = {**small_run.manifest, "digests": {**small_run.manifest["digests"], "protocol": "another"}}
    other = _store(tmp_path / "b", list(small_run.metrics), manifest)
    page = compare_runs(small_folder, other, tmp_path / "out").page.read_text(encoding="utf-8")
    assert "These two runs cannot be compared" in page and "another in B" in page
    renamed = _store(
        tmp_path / "c", [replace(row, protocol="view2") for row in small_run.metrics], dict(small_run.manifest)
    )
    page = compare_runs(small_folder, renamed, tmp_path / "out2").page.read_text(encoding="utf-8")
    assert "different protocols: people-split in A, view2 in B" in page


def test_a_run_of_fewer_people_is_said_to_be_one(small_run: RunResults, small_folder: Path, tmp_path: Path) -> None:
    manifest = {
        **small_run.manifest,
        "config": {**small_run.manifest["config"], "limit": 7},
        "digests": {**small_run.manifest["digests"], "dataset": "of fewer photos"},
    }
    other = _store(tmp_path / "b", list(small_run.metrics), manifest)
    page = compare_runs(small_folder, other, tmp_path / "out").page.read_text(encoding="utf-8")
    assert "different parts of the data set: everything in A, --limit 7 in B" in page
    assert "The photos differ" not in page


def test_names_of_folders_are_escaped(small_run: RunResults, small_folder: Path, tmp_path: Path) -> None:
    other = _store(tmp_path / "<b>bold", list(small_run.metrics), dict(small_run.manifest))
    page = compare_runs(small_folder, other, tmp_path / "out").page.read_text(encoding="utf-8")
    assert "<b>bold" not in page and "&lt;b&gt;bold" in page


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (shutil.rmtree, "no such folder"),
        (lambda folder: (folder / "metrics.csv").unlink(), r"metrics\.csv is missing"),
        (lambda folder: (folder / "report.html").write_text("another run's"), r"report\.html has 13 of"),
        (lambda folder: shutil.copy(folder / "images.csv", folder / "metrics.csv"), r"metrics\.csv has"),
        (
            lambda folder: ((folder / "manifest.json").unlink(), (folder / ".unfinished").mkdir()),
            "holds an unfinished run",
        ),
        (lambda folder: (folder / "manifest.json").write_text('{"config": {}}'), "lists no files"),
        (lambda folder: (folder / "manifest.json").unlink(), r"holds no manifest\.json"),
        (lambda folder: (folder / "manifest.json").write_text('{"a":'), "damaged"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "damaged"),
        (lambda folder: (folder / "metrics.csv").write_text("a,b\n1,2\n"), "not as its run left it"),
    ],
)
def test_a_folder_that_is_no_run_is_refused(small_folder: Path, tmp_path: Path, damage: object, message: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small_folder, copy)
    damage(copy)  # type: ignore[operator]
    with pytest.raises(RequestError, match=message):
        compare_runs(small_folder, copy, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_rows_keep_their_order_and_missing_targets_match(small_folder: Path) -> None:
    table = read_metrics(small_folder / "metrics.csv")
    joined = join_runs(table, table.iloc[::-1].reset_index(drop=True), DESCRIPTIONS)
    assert len(joined) == len(table)
    assert joined["metric"].tolist() == table["metric"].tolist()
    assert (joined["in_runs"] == "both").all()


def test_equal_values_outside_their_own_interval_have_not_changed(small_folder: Path) -> None:
    run = read_metrics(small_folder / "metrics.csv")
    run["ci_low"], run["ci_high"] = run["value"] - 2, run["value"] - 1
    table = join_runs(run, run.copy(), DESCRIPTIONS)
    assert (table["exceeds_both_intervals"] == "no").any()
    assert "yes" not in set(table["exceeds_both_intervals"])
