"""The page of LFW's tables: which runs it needs, when they are carried out anew, and that its weights are current."""

from __future__ import annotations

import hashlib
import importlib
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fake_run import METHODS, fake_run

from benchmark.reporting.run_results import RunResults
from benchmark.reporting.write_run import write_run

DOCS = Path(__file__).resolve().parents[2] / "docs"
SHIPPED = "ab" * 32


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """docs/make_results.py with one small run to publish."""
    monkeypatch.syspath_prepend(str(DOCS))
    made = importlib.import_module("make_results")
    run = importlib.import_module("published_runs").PublishedRun(
        name="small",
        heading="Two judges",
        about="Nobody was tested.",
        methods=("adapt", "telea", "paired-gan"),
        recognisers=("facenet", "mobilefacenet"),
        others={"dataset": "lfw", "protocol": "people-split", "targets": (0.01, 0.001)},
    )
    monkeypatch.setattr(made, "PUBLISHED", (run,))
    monkeypatch.setattr(made, "known_digests", lambda folders: {SHIPPED} if list(folders) else set())
    return made


@pytest.fixture(scope="module")
def results() -> RunResults:
    chosen = [method for method in METHODS if method.name in ("telea", "paired-gan", "template-ridge", "true-pixels")]
    return fake_run(methods=tuple(chosen), recognisers=("facenet", "mobilefacenet"), mask_types=("cloth", "kn95"))


@pytest.fixture
def judge(tmp_path: Path) -> Path:
    file = tmp_path / "mobilefacenet.ckpt"
    file.write_bytes(b"weights of a judge")
    return file


def write(results: RunResults, folder: Path, judge: Path, weights: Mapping[str, str], **changed: Any) -> None:
    """A finished run of the published one's settings, but for those `changed`."""
    config = {
        **results.manifest["config"],
        "methods": ["adapt", "telea", "paired-gan"],
        "recognisers": ["facenet", "mobilefacenet"],
        "targets": [0.01, 0.001],
        **changed,
    }
    manifest = {
        **results.manifest,
        "config": config,
        "weights": {name: {"sha256": sha256, "trained_on": "faces-train"} for name, sha256 in weights.items()},
        "recognisers": {"mobilefacenet": {"sha256": hashlib.sha256(judge.read_bytes()).hexdigest()}},
    }
    write_run(replace(results, manifest=manifest), folder)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been carried out."""
    commands: list[list[str]] = []

    def carry_out(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 7)

    monkeypatch.setattr(subprocess, "run", carry_out)
    return commands


def line(runs: Path, judge: Path, *more: str) -> list[str]:
    return ["--lfw", "DIR", "--weights", f"mobilefacenet={judge}", "--runs", str(runs), *more]


def test_the_page_ranks_methods_by_group_and_names_the_weights(
    script: ModuleType, results: RunResults, judge: Path, tmp_path: Path, called: list[list[str]]
) -> None:
    write(results, tmp_path / "small", judge, {"telea": SHIPPED})
    file = tmp_path / "page.md"
    assert script.main(line(tmp_path, judge, "--page", str(file))) == 0
    assert not called
    text = file.read_text("utf-8")
    assert "Nobody was tested. 4\u202f172 mated" in text
    assert "python run_benchmark.py --data-root DIR \\\n  --methods adapt,telea,paired-gan" in text
    before_all, facenet, mobilefacenet, agnostic = re.split(r"^### ", text, flags=re.M)[1:]
    assert before_all.startswith("Recovery before every judge")
    assert "FMR 1\u202f%" in before_all
    assert "FMR 0.1\u202f%" in before_all
    assert len(re.findall(r"^\| paired-gan \|.*\(seen\)", before_all, re.M)) == 2  # at both targets
    groups = re.findall(r"^\| \*(\w+)", facenet, re.M)
    assert groups == ["fitted", "saw", "privileged"] * 3  # at two targets, then by mask type
    assert re.findall(r"^\| \*(\w+)", mobilefacenet, re.M) == ["fitted", "privileged"] * 3
    assert "a weak judge" in mobilefacenet
    assert "| paired-gan | 20.6 |" in agnostic
    assert f"| `telea` | faces-train | `{SHIPPED[:12]}` | in [weights/](../weights) |" in agnostic


def test_a_run_that_is_missing_is_carried_out_and_its_failure_ends_the_command(
    script: ModuleType, judge: Path, tmp_path: Path, called: list[list[str]]
) -> None:
    file = tmp_path / "page.md"
    weights = ("--weights", f"adapt@mobilefacenet={tmp_path}", "--weights", f"edgeface-xxs={judge}")
    assert script.main(line(tmp_path, judge, *weights, "--page", str(file))) == 7
    (command,) = called
    assert not file.exists()
    assert "adapt,telea,paired-gan" in command
    assert command[command.index("--targets") + 1] == "0.01,0.001"
    assert f"adapt@mobilefacenet={tmp_path}" in command
    assert f"edgeface-xxs={judge}" not in command  # judges of other runs would be refused


@pytest.mark.parametrize(
    ("weights", "changed", "said"),
    [
        ({"telea": SHIPPED}, {}, ""),
        ({"telea": SHIPPED}, {"targets": [0.01]}, "another --targets"),
        ({"telea": "cd" * 32, "glcic": SHIPPED}, {}, "other weights of telea"),
    ],
)
def test_a_run_is_carried_out_again_where_settings_or_weights_differ(  # noqa: PLR0917
    script: ModuleType,
    results: RunResults,
    judge: Path,
    tmp_path: Path,
    called: list[list[str]],
    capsys: pytest.CaptureFixture[str],
    weights: dict[str, str],
    changed: dict[str, Any],
    said: str,
) -> None:
    write(results, tmp_path / "small", judge, weights, **changed)
    assert script.main(line(tmp_path, judge, "small")) == (7 if said else 0)
    assert said in capsys.readouterr().err
    assert len(called) == bool(said)


def test_a_judge_with_other_weights_and_an_adapter_that_was_not_there_are_seen(
    script: ModuleType, results: RunResults, judge: Path, tmp_path: Path, called: list[list[str]]
) -> None:
    write(results, tmp_path / "small", judge, {"telea": SHIPPED})
    assert script.main(line(tmp_path, judge, "small", "--weights", f"adapt@mobilefacenet={tmp_path}")) == 7
    judge.write_bytes(b"other weights")
    assert script.main(line(tmp_path, judge, "small")) == 7
    assert len(called) == 2


def test_an_unknown_run_is_refused(script: ModuleType, judge: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        script.main(line(tmp_path, judge, "smal"))


def test_the_committed_page_shows_every_run_with_the_weights_that_travel_with_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    made, runs = importlib.import_module("make_results"), importlib.import_module("published_runs").PUBLISHED
    text = (DOCS / "results_lfw.md").read_text("utf-8")
    assert re.findall(r"^## (.*)", text, re.M) == [*(run.heading for run in runs), "The weights that were measured"]
    shown = set(re.findall(r"`([0-9a-f]{12})` \| in \[weights", text))
    there = {digest[:12] for digest in made.known_digests([DOCS.parent / "weights"])}
    assert len(shown) >= 10
    assert shown <= there, "weights have changed: make the page again (docs/make_results.py)"


def test_a_single_judge_needs_no_ranking_of_judges(script: ModuleType, judge: Path, tmp_path: Path) -> None:
    alone = fake_run(methods=tuple(METHODS[:2]), recognisers=("facenet",), mask_types=("cloth", "kn95"))
    write(alone, tmp_path / "small", judge, {"telea": SHIPPED})
    file = tmp_path / "page.md"
    assert script.main(line(tmp_path, judge, "--page", str(file))) == 0
    assert re.findall(r"^### (.*)", file.read_text("utf-8"), re.M) == ["Judged by `facenet`", "Without a judge"]
