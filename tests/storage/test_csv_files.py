"""Tables survive what names hold: ends of lines, formulas, letters that no file can store, long fields."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pandas as pd
import pytest

import benchmark
from benchmark.storage.csv_files import read_table, read_table_of_text, table_csv, write_csv, write_table

HOSTILE = [
    *("a\rb", "a\nb", "a\r\nb", "\r", "a,b", 'say "no"', " blank ", "NA", "null", "", "人", "x" * 200_000),
    *("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "'=1", "''=1", "'quoted'", "a=1", "−1"),
]


def test_every_name_is_one_field_and_comes_back_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    write_csv(file, ("name", "number"), [(name, number) for number, name in enumerate(HOSTILE)])
    assert read_table_of_text(file)["name"].tolist() == HOSTILE
    assert read_table_of_text(file, ["number"])["number"].tolist() == [str(row) for row in range(len(HOSTILE))]
    csv.field_size_limit(1_000_000)
    with file.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    csv.field_size_limit(131_072)
    assert {len(row) for row in rows} == {2}


def test_no_text_is_a_formula_and_every_number_stays_one(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    write_table(file, pd.DataFrame({"-name": HOSTILE, "value": [-0.1] * len(HOSTILE), "ok": [True] * len(HOSTILE)}))
    as_others_see_it = pd.read_csv(file, dtype=str, keep_default_na=False)
    assert not [text for text in as_others_see_it["'-name"] if re.match("[=+\\-@\t\r\n＝]", text)]
    assert set(as_others_see_it["value"]) == {"-0.1"}
    back = read_table(file)
    assert (back["value"] == -0.1).all() and back["ok"].all()
    assert back["-name"].fillna("").tolist() == HOSTILE


def test_what_no_file_can_hold_is_spelled_out(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ("name",), [("Zo\udceb",), ("\ud800",)])
    assert read_table_of_text(tmp_path / "a.csv")["name"].tolist() == ["Zo\\udceb", "\\ud800"]


def test_a_byte_order_mark_and_line_ends_of_a_spreadsheet_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("\ufeffname,value\r\n'=1,2\r\n".encode())
    assert read_table(tmp_path / "a.csv").to_dict("records") == [{"name": "=1", "value": 2}]


def test_numbers_are_written_exactly_and_what_is_missing_is_empty() -> None:
    table = pd.DataFrame({"a": [0.1, 1e-300, float("nan")], "b": [1, 2, 3], "c": [None, "x", "y"]})
    assert table_csv(table) == "a,b,c\n0.1,1,\n1e-300,2,x\n,3,y\n"


@pytest.mark.parametrize("written", [".to_csv(", "csv.writer(", "csv.DictWriter(", "pd.read_csv("])
def test_no_other_module_writes_or_reads_our_tables(written: str) -> None:
    root = Path(benchmark.__file__).parent
    found = [file.name for file in root.rglob("*.py") if written in file.read_text("utf-8")]
    assert set(found) <= {"csv_files.py"}
