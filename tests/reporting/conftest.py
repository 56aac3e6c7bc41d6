"""A small run that never happened, written once for all tests of the report."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # fake_run is a module of the tests, whatever pytest's import mode

from benchmark.reporting.run_results import RunResults
from benchmark.reporting.write_run import write_run

NASTY = "<script>alert(1)</script>"


@pytest.fixture(scope="session")
def small_run() -> RunResults:
    """Four methods, one recogniser, two mask types; the first subject's name is an attack."""
    from fake_run import METHODS, fake_run

    chosen = tuple(
        method for method in METHODS if method.name in ("paired-gan", "segmenter+glcic", "telea", "true-pixels")
    )
    return fake_run(
        methods=chosen, recognisers=("facenet",), mask_types=("cloth", "kn95"), subject=NASTY, people=2, size=48
    )


@pytest.fixture(scope="session")
def small_folder(small_run: RunResults, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `small_run`."""
    folder = tmp_path_factory.mktemp("run")
    write_run(small_run, folder)
    return folder
