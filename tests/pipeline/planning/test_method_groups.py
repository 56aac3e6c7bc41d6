"""`--methods best`: one restoration, one adapter, one baseline, and nobody's run stops for one that does not work."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.cli.main import main
from benchmark.config import RunConfig
from benchmark.errors import RequestError
from benchmark.methods.base import CropTransform, RecogniserAdapter, Unmasker
from benchmark.methods.method_groups import BEST_METHODS
from benchmark.pipeline.learn_combination import learn_combination
from benchmark.pipeline.planning.plan import make_plan


def test_best_is_one_restoration_one_adapter_and_one_baseline(tmp_path: Path) -> None:
    plan = make_plan(RunConfig(methods=("best",), limit=4, out=tmp_path), writes=False)
    assert tuple(plan.methods) == BEST_METHODS
    kinds = [
        [kind for kind in (Unmasker, RecogniserAdapter, CropTransform) if isinstance(part, kind)]
        for method in plan.methods.values()
        for part in method.parts()
        if part.name != "segmenter"
    ]
    assert kinds == [[Unmasker], [RecogniserAdapter], [CropTransform]]
    assert [method.card.baseline for method in plan.methods.values()] == [False, False, True]
    assert plan.training is None, "all of them come with weights"


def test_best_may_stand_beside_other_names(tmp_path: Path) -> None:
    plan = make_plan(RunConfig(methods=("best", "telea", "periocular"), limit=4, out=tmp_path), writes=False)
    assert tuple(plan.methods) == (*BEST_METHODS, "telea")


def test_a_dry_run_names_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--methods", "best", "--limit", "4", "--dry-run", "--cache", str(tmp_path)]) == 0
    assert f"methods none, {', '.join(BEST_METHODS)} (4)" in " ".join(capsys.readouterr().out.split())


def test_help_tells_of_it_and_of_combinations(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "or best: one restoration, one adapter and one baseline" in text
    assert "fusion:FILE or gate:FILE" in text


def test_a_group_cannot_be_combined(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="name the methods to combine one by one"):
        learn_combination(RunConfig(methods=("best",)), "fusion", tmp_path / "f.yaml")
