"""A whole run on MFR2's layout with nothing named but the data set: it gives a result."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from benchmark.config import load_config
from benchmark.errors import RequestError
from benchmark.pipeline.planning.plan import make_plan
from benchmark.pipeline.run import run
from tests.pipeline.conftest import BARE, WORN

pytestmark = pytest.mark.slow  # reads the files of a whole run

SMALL = {
    "dataset": "mfr2",
    "recognisers": "face_recognition",
    "size": 64,
    "replicates": 10,
    "train_limit": 40,
    "workers": 1,
    "quiet": True,
}


@pytest.fixture
def made_mfr2(masked_people: Path, tmp_path: Path) -> Path:
    """Synthetic people with drawn masks in MFR2's layout."""
    root, labels, pairs = tmp_path / "mfr2", [], []
    for person in sorted(masked_people.iterdir()):
        name = person.name.replace("-", "").title()
        (root / name).mkdir(parents=True)
        for number, kind in enumerate((*BARE, *WORN), start=1):
            shutil.copy(person / f"{kind}.png", root / name / f"{name}_{number:04d}.png")
            labels.append(f"{name}, {number}, {'cloth' if kind in WORN else 'no-mask'}")
        pairs.append(f"{name} 1 2")
    names = [line.split()[0] for line in pairs]
    pairs.append(f"{names[0]} 1 {names[1]} 1")
    (root / "mfr2_labels.txt").write_text("\n".join(labels))
    (root / "pairs.txt").write_text("\n".join(pairs))
    return root


def test_the_data_set_alone_gives_a_result(made_mfr2: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = {
        **SMALL,
        "data_root": made_mfr2,
        "targets": "0.05",
        "cache": tmp_path / "cache",
        "out": tmp_path / "run",
    }
    page = run(load_config(None, settings))
    lines = [record.getMessage() for record in caplog.records if "--allow-unknown-overlap" in record.getMessage()]
    assert len(lines) == 1 and "share people" in lines[0] and "telea" in lines[0]
    metrics = pd.read_csv(page.parent / "metrics.csv", keep_default_na=False)
    assert set(metrics["protocol"]) == {"all-pairs"}
    assert {"none", "periocular", "mask-the-reference"} <= set(metrics["method"])
    assert "telea" not in set(
        metrics["method"]
    )  # its mask detector learned from people nobody has compared with MFR2's
    frozen = metrics[(metrics["threshold_kind"] == "frozen") & (metrics["condition"] == "raw-masked")]
    assert set(frozen["target"]) == {"0.05"}, "all 240 pairs of strangers carry a threshold"


def test_where_no_target_is_carried_the_first_screen_says_auc_eer_and_which_could_be(
    made_mfr2: Path, tmp_path: Path
) -> None:
    settings = {**SMALL, "data_root": made_mfr2, "limit": 2, "methods": "periocular", "cache": tmp_path / "cache"}
    page = run(load_config(None, {**settings, "out": tmp_path / "run"})).read_text("utf-8")
    assert "Too few comparisons to set a threshold" in page
    assert "its AUC " in page and "equal error rate is" in page
    assert "The smallest target that they support is 20\u202f% (--targets 0.2)" in page  # 4 × 4 pairs: 3 / 16


def test_a_method_that_is_named_stays_refused(made_mfr2: Path, tmp_path: Path) -> None:
    settings = {**SMALL, "data_root": made_mfr2, "methods": "telea", "out": tmp_path / "run"}
    with pytest.raises(RequestError, match=r"weights of 'segmenter': it is not declared .* --allow-unknown-overlap"):
        make_plan(load_config(None, settings))
