"""``docs/files.md`` against the files of a small run: all columns and keys are explained, and no others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from benchmark.config import load_config
from benchmark.masking.export_journal import COLUMNS
from benchmark.pipeline.run import run
from benchmark.reporting.deltas import DELTA_COLUMNS

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = dict(
    re.findall(r"^## (\S[^\n]*)\n(.*?)(?=^## |\Z)", (ROOT / "docs" / "files.md").read_text("utf-8"), re.DOTALL | re.M)
)


def explained(section: str) -> list[str]:
    """The names in the first column of a section's table, in its order."""
    rows = re.findall(r"^\| (`[^|]*) \|", SECTIONS[section], re.M)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("run")
    settings = {"methods": "identity-completer", "limit": 4, "passthrough": 2, "replicates": 2, "size": 64}
    settings |= {"workers": 1, "quiet": True, "out": place / "run", "cache": place / "cache"}
    return Path(run(load_config(None, settings))).parent


def test_every_file_is_listed(folder: Path) -> None:
    shown = " ".join(re.findall(r"^\| (.*?) \|", (ROOT / "docs" / "files.md").read_text("utf-8").split("## ")[0], re.M))
    assert {path.name for path in folder.iterdir() if not path.name.startswith(".")} == set(
        re.findall(r"`([\w.]+)/?`", shown)
    )


def test_every_column_is_explained_in_its_order(folder: Path) -> None:
    assert explained("metrics.csv") == list(pd.read_csv(folder / "metrics.csv", nrows=1).columns)
    assert explained("differences.csv") == list(pd.read_csv(folder / "differences.csv", nrows=1).columns)
    assert explained("images.csv") == list(pd.read_csv(folder / "images.csv", nrows=1).columns)
    assert explained("scores.parquet") == pq.read_schema(folder / "scores.parquet").names


def test_every_key_of_the_manifest_is_explained(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert set(explained("manifest.json")) == set(manifest)


def test_every_loss_is_explained(folder: Path) -> None:
    """Of this run, and of all weights that travel with the program."""
    names = set(explained("training/*.csv"))
    tables = [*(folder / "training").glob("*.csv"), *(ROOT / "weights").rglob("*.csv")]
    assert len(tables) > 10
    columns = {column for table in tables for column in pd.read_csv(table, nrows=1).columns}
    assert {re.sub(r"^(train|validation)_", "…_", column) for column in columns} <= names


def test_the_columns_of_other_commands_are_explained() -> None:
    text = SECTIONS["Files of other commands"]
    assert set(COLUMNS) <= set(re.findall(r"`(\w+)`", text))
    own = [column for column in DELTA_COLUMNS if column not in explained("metrics.csv") and column[-2:] not in "_a_b"]
    assert set(own) <= set(re.findall(r"`(\w+)`", text)) and "in_runs" in own
