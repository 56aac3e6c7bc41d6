"""Two runs on the same comparisons: what is called worse, what is refused, and what programs are told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.cli.main import main
from benchmark.reporting.compare import compare_runs
from benchmark.reporting.metrics_file import write_metrics
from benchmark.reporting.run_folder import write_manifest
from benchmark.reporting.run_results import RunResults
from benchmark.reporting.scores_file import ScoresWriter
from benchmark.verification.base import Cell

PEOPLE = 60


def store(
    folder: Path,
    small_run: RunResults,
    *,
    quality: float = 1.0,
    mask: str = "cloth",
    shift: float = 0.0,
    **config: object,
) -> Path:
    """A run of one method; `quality` is how far its mated scores lie above the others, `shift` moves masked scores."""
    rng = np.random.default_rng(7)
    folder.mkdir()
    write_metrics(list(small_run.metrics), folder / "metrics.csv")
    ids = [(f"p{person:02}-{photo}", f"p{person:02}") for person in range(PEOPLE) for photo in (0, 1)]
    images = pd.DataFrame(ids, columns=["image_id", "subject_id"])
    images = images.assign(role="test", step="mask", variant="", mask_type=mask, parameters="", acquisition="oracle")
    images.to_csv(folder / "images.csv", index=False)
    pairs = [(f"p{one:02}-0", f"p{other:02}-1", one == other) for one in range(PEOPLE) for other in range(PEOPLE)]
    mated = np.array([pair[2] for pair in pairs])
    noise, further = rng.normal(size=len(pairs)), rng.normal(size=len(pairs))
    base = Cell("lfw", "people-split", "oracle", "128", "facenet", "none", "", "", "none", "raw-raw")
    cells = {
        base: noise + 6.0 * mated,
        replace(base, condition="raw-masked"): noise + 2.0 * mated + shift * further,
        replace(base, method="telea", condition="raw-restored"): noise + further * 0.2 + 2 * quality * mated,
    }
    with ScoresWriter(folder / "scores.parquet") as writer:
        for cell, scores in cells.items():
            writer.add(
                cell,
                [pair[0] for pair in pairs],
                [pair[1] for pair in pairs],
                mated,
                np.full(len(pairs), -1, dtype=np.int8),
                scores.astype(np.float32),
            )
    manifest = dict(small_run.manifest)
    write_manifest(folder, {**manifest, "config": {**manifest["config"], **config}})
    return folder


def test_a_method_that_got_worse_is_named_first_and_fails_the_gate(
    small_run: RunResults, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = store(tmp_path / "a", small_run), store(tmp_path / "b", small_run, quality=0.3)
    found = compare_runs(a, b, tmp_path / "out").answer
    assert found.sentence.startswith("B is worse than A in 1 of 1 paired test: telea before facenet (GFRR +")
    assert found.differences[0] == found.worse[0] and found.worse[0].p_holm is not None
    assert found.worse[0].difference > 0.1 and found.worse[0].p_holm < 0.001
    arguments = ["compare", str(a), str(b), "--out", str(tmp_path / "again"), "--fail-on-regression"]
    assert main(arguments) == 3
    assert capsys.readouterr().out.startswith("B is worse than A")
    assert main(["compare", str(b), str(a), "--out", str(tmp_path / "back"), "--fail-on-regression"]) == 0
    assert capsys.readouterr().out.startswith("B is better than A in 1 of 1 paired test")


def test_equal_scores_are_said_to_be_equal(small_run: RunResults, tmp_path: Path) -> None:
    a, b = store(tmp_path / "a", small_run), store(tmp_path / "b", small_run)
    found = compare_runs(a, b, tmp_path / "out").answer
    assert found.sentence.startswith("B gives the same scores as A") and not found.worse and not found.better
    assert all(row.difference == 0 for row in found.differences)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mask": "kn95"}, "120 of 120 photos have a different mask in B"),
        ({"shift": 1.0}, "Raw or masked faces got different scores"),
        ({"size": 64}, "different sizes: 128 in A, 64 in B"),
        ({"acquisition": "redetect"}, "different acquisition arms"),
        ({"seed": 1}, "different seeds"),
    ],
)
def test_nothing_is_called_better_where_the_faces_differ(
    small_run: RunResults, tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    a = store(tmp_path / "a", small_run)
    b = store(tmp_path / "b", small_run, quality=3.0, **change)  # type: ignore[arg-type]
    compared = compare_runs(a, b, tmp_path / "out")
    assert any(reason in text for text in compared.answer.refused)
    assert compared.answer.sentence.startswith("These two runs cannot be compared") and not compared.answer.better
    deltas = pd.read_csv(tmp_path / "out" / "deltas.csv", keep_default_na=False)
    assert set(deltas["better"]) == {""}
    assert main(["compare", str(a), str(b), "--out", str(tmp_path / "o"), "--fail-on-regression"]) == 2


def test_markdown_and_json_say_the_same(
    small_run: RunResults, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = store(tmp_path / "a", small_run), store(tmp_path / "b|<i>", small_run, quality=0.3)
    c = store(tmp_path / "c", small_run)
    out = tmp_path / "out"
    assert main(["compare", str(a), str(b), str(c), "--out", str(out), "--format", "markdown"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("**B is worse than A") and "b\\|&lt;i&gt;" in printed and "| **worse** |" in printed
    assert "**B gives the same scores as A" in printed
    told = json.loads((out / "1_b|<i>" / "compare.json").read_text("utf-8"))
    assert told["worse"][0]["method"] == "telea" and told["sentence"].startswith("B is worse")
