"""One small run that the tests of this folder look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark import RunResult, run

SMALL = {
    "recognisers": "face_recognition",
    "conditions": "raw-raw,raw-masked,raw-restored",
    "targets": "0.1",
    "limit": 8,
    "replicates": 20,
    "size": 64,
    "workers": 1,
    "quiet": True,
}


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("api-cache")


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> RunResult:
    out = tmp_path_factory.mktemp("api") / "run"
    return run(**SMALL, methods="telea,true-pixels,periocular", out=out, cache=cache)
