"""The benchmarks run, and refuse to time what gives other results."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from perf.__main__ import main
from perf.benchmark import within
from perf.benchmarks.gpu import measure_on
from perf.benchmarks.known import KNOWN
from perf.contest import ROOT, Entry, PerfError, contest
from perf.finding import Finding, Findings
from perf.page import PAGE, update_page
from perf.settings import Settings

SCORES = "perf.contenders.scores_ours"
REFERENCES = "perf.contenders.scores_references"


def write_scores(folder: Path, count: int = 3000) -> None:
    rng = np.random.default_rng(0)
    mated = rng.random(count) < 0.1
    np.save(folder / "mated.npy", mated)
    np.save(folder / "scores.npy", (rng.normal(size=count) + 2 * mated).astype(np.float32))


@pytest.mark.slow
def test_the_curve_is_that_of_scikit_learn(tmp_path: Path) -> None:
    write_scores(tmp_path)
    entries = {"ours": Entry(f"{SCORES}:Curve"), "theirs": Entry(f"{REFERENCES}:RocCurve")}
    found = contest(entries, tmp_path, rounds=2)
    for name in ("fmr", "tar"):
        np.testing.assert_allclose(found["ours"].outputs[name], found["theirs"].outputs[name], atol=1e-12)
    assert len(found["ours"].cpu) == 2
    assert found["ours"].times_faster(found["theirs"]) > 0
    assert found["ours"].peak > 20


@pytest.mark.slow
def test_all_pairs_are_counted(tmp_path: Path) -> None:
    rows = KNOWN["all-pairs"]().measure(Settings(tmp_path, rounds=1, quick=True), tmp_path)
    assert [row.benchmark for row in rows] == ["all-pairs", "all-pairs"]
    with np.load(tmp_path / "exact" / "scores_ours-Exact.npz") as outputs:
        assert int(outputs["comparisons"]) == 500 * 499 // 2
    with np.load(tmp_path / "bounded" / "scores_ours-Bounded.npz") as outputs:
        assert int(outputs["comparisons"]) == 700 * 699 // 2


@pytest.mark.slow
def test_the_gpu_part_runs_on_the_processor(tmp_path: Path) -> None:
    rows = measure_on("cpu", Settings(tmp_path, quick=True))
    assert [row.stage.split("`")[1] for row in rows] == ["face_recognition", "residual-regressor", "identity-completer"]
    assert "largest difference 0" in rows[0].check


def test_a_contender_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(PerfError, match=r"^nobody failed: .*scores\.npy"):
        contest({"nobody": Entry(f"{SCORES}:Curve")}, tmp_path, rounds=1)


def test_outputs_that_differ_are_no_result() -> None:
    assert within("mask", 0.5, 1.0) == "largest difference 0.5"
    for difference in (2.0, np.nan):
        with pytest.raises(PerfError, match="mask: the outputs differ by"):
            within("mask", difference, 1.0)


def test_the_page_has_table_and_figure_between_its_markers(tmp_path: Path) -> None:
    (tmp_path / PAGE).write_text("before\n<!-- begin: python -m perf -->\nold\n<!-- end: python -m perf -->\nafter\n")
    finding = Finding("mask", "`mask`", "≥ 15 ×", "1 against 2 ms", False, 2.0, "the thesis's way")
    findings = Findings({"mask": [finding]}, {"mask": "a machine"})
    findings.write(tmp_path / "performance.json")
    assert Findings.read(tmp_path / "performance.json") == findings
    for _ in range(2):
        update_page(tmp_path, findings, order=list(KNOWN))
    text = (tmp_path / PAGE).read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert text.count("| `mask` | ≥ 15 × | 1 against 2 ms | 2.0 × | **missed** |") == 1
    assert "Measured on: a machine." in text
    assert "old" not in text
    assert (tmp_path / "images" / "performance.png").stat().st_size > 1000
    with pytest.raises(PerfError, match="has no lines"):
        update_page(tmp_path / "images", findings, order=[])


def test_every_benchmark_is_told_and_an_unknown_one_refused(capsys: pytest.CaptureFixture[str]) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "perf", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert all(f"  {name} " in told.stdout for name in KNOWN)
    assert main(["maks"]) == 2
    assert "no benchmark 'maks'; there are: mask, " in capsys.readouterr().err


def test_what_is_published_names_benchmarks_that_exist() -> None:
    stored = json.loads((ROOT / "docs" / "performance.json").read_text("utf-8"))
    assert stored["rows"].keys() == stored["machines"].keys()
    assert stored["rows"].keys() <= KNOWN.keys()
