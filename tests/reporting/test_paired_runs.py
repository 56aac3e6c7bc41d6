"""Two runs on the same comparisons: what is called worse, what is refused, and what programs are told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from benchmark.cards import MethodCard
from benchmark.cli.main import main
from benchmark.reporting.compare import compare_runs
from benchmark.reporting.metrics_file import write_metrics
from benchmark.reporting.run_folder import write_manifest
from benchmark.reporting.run_results import RunResults
from benchmark.reporting.scores_file import ScoresWriter
from benchmark.reporting.stored_run import stored_cards
from benchmark.verification.base import Cell

PEOPLE = 60


def store(
    folder: Path,
    small_run: RunResults,
    *,
    quality: float = 1.0,
    mask: str = "cloth",
    shift: float = 0.0,
    also: Mapping[str, float] = MappingProxyType({}),
    people: int = PEOPLE,
    arms: Sequence[str] = ("oracle",),
    **config: object,
) -> Path:
    """A run of one method; `quality` is how far its mated scores lie above the others, `shift` moves masked scores,
    `also` are further methods, by name or name:preset, with their quality."""
    rng = np.random.default_rng(7)
    folder.mkdir()
    write_metrics(list(small_run.metrics), folder / "metrics.csv")
    ids = [(f"p{person:02}-{photo}", f"p{person:02}") for person in range(people) for photo in (0, 1)]
    images = pd.DataFrame(ids, columns=["image_id", "subject_id"])
    images = images.assign(role="test", step="mask", variant="", mask_type=mask, parameters="", acquisition="oracle")
    images.to_csv(folder / "images.csv", index=False)
    pairs = [(f"p{one:02}-0", f"p{other:02}-1", one == other) for one in range(people) for other in range(people)]
    mated = np.array([pair[2] for pair in pairs])
    noise, further = rng.normal(size=len(pairs)), rng.normal(size=len(pairs))
    base = Cell("lfw", "people-split", "oracle", "128", "facenet", "none", "", "", "none", "raw-raw")
    cells = {
        base: noise + 6.0 * mated,
        replace(base, condition="raw-masked"): noise + 2.0 * mated + shift * further,
        replace(base, method="telea", condition="raw-restored"): noise + further * 0.2 + 2 * quality * mated,
    }
    for name, further_quality in also.items():
        method, _, preset = name.partition(":")
        cell = replace(base, method=method, preset=preset, condition="raw-restored")
        cells[cell] = noise + further * 0.2 + 2 * further_quality * mated
    cells = {replace(cell, acquisition=arm): scores for arm in arms for cell, scores in cells.items()}
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
    assert all(row.identical and row.difference == 0 for row in found.differences)
    for file in ("compare.html", "compare.md"):
        text = (tmp_path / "out" / file).read_text("utf-8")
        assert "identical scores" in text and "0.00 (0.00 to 0.00)" not in text and "0.0000 (" not in text
    assert main(["compare", str(a), str(b), "--out", str(tmp_path / "again"), "--fail-on-regression"]) == 0


def test_methods_with_equal_scores_come_last_and_are_counted(small_run: RunResults, tmp_path: Path) -> None:
    stored = {"glcic": 1.0, "paired-gan": 0.4}
    a, b = store(tmp_path / "a", small_run, also=stored), store(tmp_path / "b", small_run, quality=0.3, also=stored)
    found = compare_runs(a, b, tmp_path / "out").answer
    assert [row.identical for row in found.differences] == sorted(row.identical for row in found.differences)
    assert any(row.identical for row in found.differences) and not all(row.identical for row in found.differences)
    assert "2 of 3 cells of a method and a recogniser have the same scores in both runs." in found.remarks


def test_two_presets_and_two_arms_are_told_apart(small_run: RunResults, tmp_path: Path) -> None:
    cards = {"telea": MethodCard(), "telea:wide": MethodCard()}
    run = replace(small_run, manifest={**small_run.manifest, "cards": stored_cards(cards)})
    both = {"also": {"telea:wide": 1.0}, "arms": ("oracle", "redetect")}
    a, b = store(tmp_path / "a", run, **both), store(tmp_path / "b", run, quality=0.3, **both)  # type: ignore[arg-type]
    found = compare_runs(a, b, tmp_path / "out").answer
    assert "telea before facenet (oracle) (GFRR" in found.sentence
    named = {(found.names.method(row), found.names.judge(row)) for row in found.differences}
    assert named == {(name, f"facenet ({arm})") for name in cards for arm in both["arms"]}


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
    small_run: RunResults,
    tmp_path: Path,
    change: dict[str, object],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    a = store(tmp_path / "a", small_run)
    b = store(tmp_path / "b", small_run, quality=3.0, **change)  # type: ignore[arg-type]
    compared = compare_runs(a, b, tmp_path / "out")
    assert any(reason in text for text in compared.answer.refused)
    assert compared.answer.sentence.startswith("These two runs cannot be compared") and not compared.answer.better
    deltas = pd.read_csv(tmp_path / "out" / "deltas.csv", keep_default_na=False)
    assert set(deltas["better"]) == {""}
    capsys.readouterr()
    assert main(["compare", str(a), str(b), "--out", str(tmp_path / "o"), "--fail-on-regression"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: cannot tell whether a method is worse in B.") and reason in line
    assert "share no" not in line, "the reason is another one"


def test_the_gate_says_that_too_few_comparisons_carry_no_test(
    small_run: RunResults, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = store(tmp_path / "a", small_run, people=4), store(tmp_path / "b", small_run, quality=0.3, people=4)
    assert main(["compare", str(a), str(b), "--out", str(tmp_path / "o"), "--fail-on-regression"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "too few comparisons for a test" in line


def test_a_regression_is_reported_although_another_run_cannot_be_judged(
    small_run: RunResults, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = store(tmp_path / "a", small_run), store(tmp_path / "b", small_run, quality=0.3)
    c = store(tmp_path / "c", small_run, seed=1)
    assert main(["compare", str(a), str(c), str(b), "--out", str(tmp_path / "o"), "--fail-on-regression"]) == 3
    said = capsys.readouterr()
    assert "different seeds" in said.err and str(c) in said.err and str(b) not in said.err


def test_what_only_one_run_has_is_named(
    small_run: RunResults, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = store(tmp_path / "a", small_run)
    fewer = [row for row in small_run.metrics if row.method != "telea"]
    b = store(tmp_path / "b", replace(small_run, metrics=fewer))
    assert "Only A has telea: not compared." in compare_runs(a, b, tmp_path / "out").answer.remarks
    assert main(["compare", str(a), str(b), "--out", str(tmp_path / "o")]) == 0
    assert "Only A has telea: not compared." in capsys.readouterr().out


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
