"""A small run with tests of its own."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # fake_run

from benchmark.reporting.run_results import RunResults
from benchmark.reporting.write_run import write_run
from benchmark.verification.difference import Difference

TARGET = 1e-4


def difference(method: str, other: str, value: float, p_holm: float | None, **changes: object) -> Difference:
    made = Difference(
        dataset="lfw",
        protocol="people-split",
        acquisition="oracle",
        size="128",
        recogniser="face_recognition",
        method=method,
        preset="default",
        mask_source="none" if method == "paired-gan" else "detected",
        other=other,
        other_preset="default",
        other_mask_source="none",
        metric="gfrr",
        threshold_kind="matched",
        target=TARGET,
        difference=value,
        ci_low=value - 0.01,
        ci_high=value + 0.01,
        tested=True,
        p=p_holm,
        p_holm=p_holm,
        n_mated=100,
        n_nonmated=1000,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


TESTED = (
    difference("paired-gan", "none", -0.2, 0.001),
    difference("paired-gan", "telea", -0.2, 0.002),
    difference("segmenter+glcic", "none", -0.2, 0.001),
    difference("segmenter+glcic", "telea", -0.02, 0.2),
)


@pytest.fixture(scope="session")
def tested_run() -> RunResults:
    from fake_run import METHODS, fake_run

    chosen = tuple(
        method for method in METHODS if method.name in ("paired-gan", "segmenter+glcic", "telea", "true-pixels")
    )
    made = fake_run(methods=chosen, mask_types=("cloth", "kn95"), people=2, size=48)
    return replace(made, differences=TESTED)


@pytest.fixture(scope="session")
def tested_folder(tested_run: RunResults, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tested")
    write_run(tested_run, folder)
    return folder
