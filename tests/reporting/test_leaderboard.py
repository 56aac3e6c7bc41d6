"""Runs on one page: what is believed, what stands beside what, and what is refused."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.cli.main import main
from benchmark.datasets.base import Comparisons
from benchmark.reporting.metrics_file import write_metrics
from benchmark.reporting.run_folder import MANIFEST, write_manifest
from benchmark.reporting.run_results import RunResults
from benchmark.reporting.scores_file import ScoresWriter
from benchmark.verification.base import Cell
from benchmark.verification.measure import measure
from benchmark.verification.measurement import ScoredCell

PEOPLE = 40
NASTY = "<script>alert(1)</script>"
BASE = Cell("lfw", "people-split", "oracle", "128", "facenet", "none", "", "", "none", "raw-raw")
SETTINGS = {"targets": [0.05], "replicates": 20, "seed": 3, "masks": ["cloth"]}


def store(folder: Path, small_run: RunResults, method: str = "telea", *, quality: float = 1.0, seed: int = 7) -> Path:
    """A run of one method whose tables are what its scores give."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    ids = [f"p{person:02}-{photo}" for person in range(PEOPLE) for photo in (0, 1)]
    people = np.repeat(np.arange(PEOPLE, dtype=np.int32), 2)
    images = pd.DataFrame({"image_id": ids, "subject_id": [f"p{person:02}" for person in people]})
    images = images.assign(role="test", step="acquire", variant="", mask_type="", parameters="", acquisition="oracle")
    drawn = images.assign(step="mask", mask_type="cloth")
    pd.concat([images, drawn]).to_csv(folder / "images.csv", index=False)
    grid = np.array([(2 * one, 2 * other + 1) for one in range(PEOPLE) for other in range(PEOPLE)], dtype=np.int32)
    mated = grid[:, 0] // 2 == grid[:, 1] // 2
    compared = Comparisons(grid[:, 0], grid[:, 1], mated, np.full(len(grid), -1, dtype=np.int8))
    noise, further = rng.normal(size=len(grid)), rng.normal(size=len(grid))
    nobody = np.zeros(len(ids), dtype=np.bool_)
    restored = Cell(**{**vars(BASE), "method": method, "mask_source": "detected", "condition": "raw-restored"})
    cells = [
        ScoredCell(cell, compared, scores.astype(np.float32), nobody, nobody)
        for cell, scores in (
            (BASE, noise + 5.0 * mated),
            (Cell(**{**vars(BASE), "condition": "raw-masked"}), noise + 1.5 * mated),
            (restored, noise + 0.3 * further + (1.5 + 2 * quality) * mated),
        )
    ]
    with ScoresWriter(folder / "scores.parquet") as writer:
        for one in cells:
            reference, probe = ([ids[row] for row in side] for side in (compared.reference, compared.probe))
            writer.add(one.cell, reference, probe, mated, compared.fold, one.scores)
    made = measure(cells, subjects=people, mask_types=[None] * len(ids), targets=(0.05,), replicates=20, seed=3)
    write_metrics(made.rows, folder / "metrics.csv")
    manifest = {**small_run.manifest, "config": {**small_run.manifest["config"], **SETTINGS}, "cards": {}}
    write_manifest(folder, manifest)
    return folder


def leaderboard(out: Path, *runs: Path) -> int:
    return main(["leaderboard", *map(str, runs), "--out", str(out), "--quiet"])


def table(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "leaderboard.csv")


def rewritten(folder: Path, change: Callable[[dict[str, str]], bool]) -> None:
    """Edit rows of metrics.csv (False = leave the row out), and the digests with it."""
    with (folder / "metrics.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    kept = [row for row in rows if change(row)]
    with (folder / "metrics.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest.pop("files")
    (folder / MANIFEST).unlink()
    write_manifest(folder, manifest)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory, small_run: RunResults) -> Path:
    return store(tmp_path_factory.mktemp("runs") / "honest", small_run)


def test_methods_of_comparable_runs_share_a_table_best_first(
    honest: Path, small_run: RunResults, tmp_path: Path
) -> None:
    better = store(tmp_path / "better", small_run, "glcic", quality=1.6)
    assert leaderboard(tmp_path / "out", honest, better) == 0
    found = table(tmp_path / "out")
    assert set(found["board"]) == {1}
    assert list(found["method"]) == ["Raw", "Masked probe", "glcic", "telea"]
    assert list(found["run"].dropna()) == ["better", "honest"]
    methods = found[found["method"].isin(["glcic", "telea"])]
    for name in ("recovery", "gfrr_matched", "tar_matched", "gfrr_frozen", "fmr_frozen"):
        low, high = methods[f"{name}_ci_low"], methods[f"{name}_ci_high"]
        assert (low <= methods[name]).all() and (methods[name] <= high).all() and (low < high).any()
    page = (tmp_path / "out" / "leaderboard.html").read_text()
    assert "glcic" in page and "better" in page and "http" not in page.split("<body>")[1]


def test_a_run_on_other_comparisons_has_a_table_of_its_own_and_says_why(
    honest: Path, small_run: RunResults, tmp_path: Path
) -> None:
    other = store(tmp_path / "other", small_run, seed=8)
    assert leaderboard(tmp_path / "out", honest, other) == 0
    found = table(tmp_path / "out")
    assert found.groupby("board")["run"].first().to_dict() == {1: "honest", 2: "other"}
    assert "got other scores in other than in honest" in (tmp_path / "out" / "leaderboard.md").read_text()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"value": "0.01"}, "gfrr matched 0.05: value 0.01, the scores give "),
        ({"ci_high": "0.011"}, "gfrr matched 0.05: ci_high 0.011, the scores give "),
        (None, "gfrr matched 0.05: the row is missing"),
    ],
)
def test_forged_metrics_are_refused_and_the_rows_named(
    honest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str] | None, said: str
) -> None:
    forged = shutil.copytree(honest, tmp_path / "forged")

    def forge(row: dict[str, str]) -> bool:
        if (row["condition"], row["metric"], row["threshold_kind"]) == ("raw-restored", "gfrr", "matched"):
            row.update(change or {})
            return change is not None
        return True

    rewritten(forged, forge)
    assert leaderboard(tmp_path / "out", honest, forged) == 1
    error = capsys.readouterr().err
    assert error.startswith("refused: forged: metrics.csv does not say what scores.parquet gives")
    assert "facenet telea raw-restored " + said in error
    assert set(table(tmp_path / "out")["run"].dropna()) == {"honest"}
    assert "forged" in (tmp_path / "out" / "leaderboard.html").read_text()


def test_a_row_that_no_score_supports_is_refused(
    honest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = shutil.copytree(honest, tmp_path / "forged")

    def rename(row: dict[str, str]) -> bool:
        row["method"] = row["method"].replace("telea", "glcic")
        return True

    rewritten(forged, rename)
    assert leaderboard(tmp_path / "out", honest, forged) == 1
    assert "glcic raw-restored fmr frozen 0.05: the scores have no such row" in capsys.readouterr().err


def test_partial_damaged_and_foreign_folders_are_listed_not_shown(
    honest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = shutil.copytree(honest, tmp_path / "damaged")
    with (damaged / "metrics.csv").open("a") as stream:
        stream.write("\n")
    without = shutil.copytree(honest, tmp_path / "without")
    manifest = json.loads((without / MANIFEST).read_text())
    (without / "scores.parquet").unlink()
    (without / MANIFEST).unlink()
    write_manifest(without, {name: value for name, value in manifest.items() if name != "files"})
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    assert leaderboard(tmp_path / "out", honest, damaged, without, foreign, tmp_path / "absent") == 1
    error = capsys.readouterr().err
    assert "refused: damaged: " in error
    assert "passed over: without: it holds no scores.parquet" in error
    assert "passed over: foreign: " in error and "passed over: absent: no such folder" in error
    assert leaderboard(tmp_path / "out", honest, foreign) == 0, "what is no run is no failure"
    assert leaderboard(tmp_path / "nothing", foreign) == 2
    assert not (tmp_path / "nothing").exists()


def test_scores_that_are_no_scores_are_refused(
    honest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = shutil.copytree(honest, tmp_path / "other")
    (other / "scores.parquet").write_bytes(b"PAR1 nothing of the kind")
    manifest = json.loads((other / MANIFEST).read_text())
    manifest.pop("files")
    (other / MANIFEST).unlink()
    write_manifest(other, {**manifest, "config": {**manifest["config"], "replicates": 10**9}})
    assert leaderboard(tmp_path / "out", honest, other) == 1
    assert "its manifest cannot be used: replicates" in capsys.readouterr().err
    (other / MANIFEST).unlink()
    write_manifest(other, manifest)
    assert leaderboard(tmp_path / "out", honest, other) == 1
    assert "refused: other: its scores cannot be read" in capsys.readouterr().err


def test_hostile_names_are_escaped(small_run: RunResults, tmp_path: Path) -> None:
    hostile = store(tmp_path / "<b onclick=x>|=1+1", small_run, NASTY)
    assert leaderboard(tmp_path / "out", hostile) == 0
    page = (tmp_path / "out" / "leaderboard.html").read_text()
    body = page.split("<body>")[1]
    assert NASTY not in body and "<b onclick" not in body and "&lt;b onclick" in body
    assert NASTY not in (tmp_path / "out" / "leaderboard.md").read_text()
    lines = (tmp_path / "out" / "leaderboard.md").read_text().splitlines()
    assert len({line.replace("\\|", "").count("|") for line in lines if line.startswith("|")}) == 1
