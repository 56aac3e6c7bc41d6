"""A dry run names what the run then makes, by the same keys, and writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.cli.main import main
from benchmark.config import RunConfig, load_config
from benchmark.pipeline.forecast.blank_store import Foreseen
from benchmark.pipeline.forecast.foresee import foresee
from benchmark.pipeline.planning.plan import make_plan
from benchmark.pipeline.run import run

SETTINGS: dict[str, Any] = {
    "methods": "telea,template-ridge,periocular",
    "train_limit": 12,
    "limit": 4,
    "passthrough": 2,
    "replicates": 5,
    "size": 64,
    "workers": 1,
    "targets": "0.1",
    "quiet": True,
}


def config(folder: Path, **other: object) -> RunConfig:
    return load_config(None, {**SETTINGS, "cache": folder / "cache", "out": folder / "run", **other})


def missing(settings: RunConfig) -> dict[str, Foreseen]:
    forecast = foresee(make_plan(settings, writes=False))
    return {f"{one.work.step}/{one.work.key}": one for one in forecast.artefacts if one.missing}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Foreseen], list[str]]:
    """A folder with a run in it, what was foreseen of it, and what the folder held after that."""
    folder = tmp_path_factory.mktemp("forecast")
    foreseen = missing(config(folder))
    before = [path.name for path in folder.iterdir()]
    run(config(folder))
    return folder, foreseen, before


def test_the_run_makes_exactly_what_was_foreseen(done: tuple[Path, dict[str, Foreseen], list[str]]) -> None:
    folder, foreseen, before = done
    cache = folder / "cache"
    made = {f"{about.parent.parent.name}/{about.parent.name}" for about in cache.glob("*/*/about.json")}
    by_scores = {kind: {place for place in made if place.startswith(f"{kind}/")} for kind in ("measure", "figures")}
    assert all(by_scores.values()), "their keys hold the scores, which a forecast does not know"
    assert made - set().union(*by_scores.values()) == set(foreseen)
    assert before == [], "a forecast writes nothing"
    assert missing(config(folder)) == {}, "all of it is stored"


def test_a_changed_setting_is_foreseen_to_make_only_what_depends_on_it(
    done: tuple[Path, dict[str, Foreseen], list[str]],
) -> None:
    folder, foreseen, _ = done
    assert missing(config(folder, replicates=9)) == {}
    assert set(missing(config(folder, fresh=True))) == set(foreseen)
    steps = {one.work.doing for one in missing(config(folder, passthrough=3)).values()}
    assert "unmask: telea" not in steps and "pass through: telea" in steps


def test_rows_of_a_killed_run_count_as_stored(done: tuple[Path, dict[str, Foreseen], list[str]]) -> None:
    folder, foreseen, _ = done
    place = next(place for place, one in foreseen.items() if one.work.doing == "unmask: telea")
    finished = folder / "cache" / place
    partial = finished.with_suffix(".partial")
    finished.rename(partial)
    lines = (partial / "records.jsonl").read_bytes().splitlines(keepends=True)
    try:
        (partial / "records.jsonl").write_bytes(b"".join(lines[:5]))
        assert missing(config(folder))[place].missing == len(lines) - 5
    finally:
        (partial / "records.jsonl").write_bytes(b"".join(lines))
        partial.rename(finished)


def test_the_plan_is_printed_with_what_is_stored_and_what_is_known_of_its_cost(
    done: tuple[Path, dict[str, Foreseen], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _, _ = done
    flags = [
        f"--{name.replace('_', '-')}={value}" for name, value in SETTINGS.items() if name not in ("quiet", "methods")
    ]
    flags += ["--cache", str(folder / "cache"), "--dry-run"]
    assert main([*flags, "--methods", "telea,template-ridge,periocular"]) == 0
    shown = capsys.readouterr().out
    assert "unmask: telea" in shown and "find faces (test)" in shown
    assert "steps        2 to carry out" in shown, "measuring and the report are never stored"
    assert max(map(len, shown.splitlines())) <= 80

    assert main([*flags, "--methods", "telea,navier-stokes"]) == 0
    shown = capsys.readouterr().out
    row = next(line for line in shown.splitlines() if line.startswith("unmask: navier-stokes"))
    assert row.split()[3:5] == ["–", "?"]
    assert "more for unmask: navier-stokes, never carried out" in " ".join(shown.split())


def test_a_wrong_request_is_refused_as_by_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--dry-run", "--methods", "tela", "--cache", str(tmp_path)]) == 2
    assert "telea" in capsys.readouterr().err
