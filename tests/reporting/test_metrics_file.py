"""``metrics.csv``: columns, keys, empty fields, and what happens to damaged files."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import BenchmarkError, RequestError, StorageError
from benchmark.reporting.metrics_file import read_metrics, write_metrics
from benchmark.verification.base import METRIC_COLUMNS, MetricRow

ROW = MetricRow(
    *("lfw", "view2", "oracle", "64", "dlib", "none", "", "", "none", "raw-raw", "all", "gfrr", "frozen"),
    target=0.1,
    value=1 / 3,
    ci_low=None,
    ci_high=float("nan"),
    n_mated=10,
    n_nonmated=20,
    n_failed=0,
    threshold=-0.25,
)


def test_columns_are_the_contract_and_missing_values_are_empty(tmp_path: Path) -> None:
    write_metrics([ROW], tmp_path / "metrics.csv")
    lines = list(csv.reader((tmp_path / "metrics.csv").open(encoding="utf-8")))
    assert tuple(lines[0]) == METRIC_COLUMNS
    written = dict(zip(lines[0], lines[1], strict=True))
    assert written["ci_low"] == written["ci_high"] == ""
    assert float(written["value"]) == 1 / 3
    assert written["n_mated"] == "10"


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    rows = [ROW, replace(ROW, target=None, metric="auc", threshold_kind="none", method='odd, "name"\n')]
    write_metrics(rows, tmp_path / "metrics.csv")
    table = read_metrics(tmp_path / "metrics.csv")
    assert table["value"].tolist() == [1 / 3, 1 / 3]
    assert table["method"].tolist() == ["none", 'odd, "name"\n']
    assert np.isnan(table["target"][1]) and np.isnan(table["ci_low"][0])
    assert table["preset"].tolist() == ["", ""]


def test_two_rows_with_one_key_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"condition=raw-raw.*target=0\.1"):
        write_metrics([ROW, replace(ROW, value=0.5)], tmp_path / "metrics.csv")
    assert not (tmp_path / "metrics.csv").exists()


def test_a_failed_write_leaves_the_earlier_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metrics.csv"
    write_metrics([ROW], path)
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="disk is full"):
        write_metrics([replace(ROW, value=0.9)], path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["metrics.csv"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[:-20], "line 2 has"),
        (lambda text: text[:-1], "truncated in line 2"),
        (lambda text: text.replace("acquisition,", ""), "lacks the column acquisition"),
        (
            lambda text: text.replace("gfrr,frozen,0.1", "gfrr,frozen,high"),
            "column 'target' holds something other than a number",
        ),
        (lambda text: text + text.splitlines()[1] + "\n", "two rows share"),
        (lambda text: "", "lacks the columns dataset"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, damage: object, message: str) -> None:
    path = tmp_path / "metrics.csv"
    write_metrics([ROW], path)
    path.write_text(damage(path.read_text()), encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(RequestError, match=message):
        read_metrics(path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_bytes(b"\xff\xfe\x00\x9d")
    with pytest.raises(RequestError, match="not text"):
        read_metrics(tmp_path / "metrics.csv")


def test_a_field_that_no_table_holds_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "metrics.csv"
    file.write_text("x" * 200_000 + "\n")
    with pytest.raises(RequestError, match="is damaged: field larger than field limit"):
        read_metrics(file)


def test_ends_of_lines_and_formulas_in_names_come_back(tmp_path: Path) -> None:
    names = ["a\rb", "a\r\nb", "=1+1", "'=1+1", "@a", "-a"]
    write_metrics([replace(ROW, method=name) for name in names], tmp_path / "metrics.csv")
    assert read_metrics(tmp_path / "metrics.csv")["method"].tolist() == names
    assert b"\n=1" not in (tmp_path / "metrics.csv").read_bytes().replace(b",", b"\n")


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    write_metrics([ROW], tmp_path / "metrics.csv")
    (tmp_path / "metrics.csv").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "metrics.csv").read_bytes())
    assert read_metrics(tmp_path / "metrics.csv")["dataset"].tolist() == ["lfw"]
