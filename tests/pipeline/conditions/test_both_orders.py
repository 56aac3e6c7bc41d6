"""Pairs that a list has in both orders: counted as listed, and said."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmark.api.run_result import RunResult
from benchmark.config import load_config
from benchmark.pipeline.conditions.pairing import note_on_repeated
from benchmark.pipeline.run import run
from tests.pipeline.conftest import BARE


@pytest.mark.slow  # two whole runs
@pytest.mark.parametrize("conditions", ["raw-raw", "raw-raw,raw-masked"])
def test_pairs_listed_in_both_orders_count_as_listed_with_a_note(
    masked_people: Path, tmp_path: Path, conditions: str
) -> None:
    people = sorted(path.name for path in masked_people.iterdir())[:4]
    first, second = (f"{kind}.png" for kind in BARE[:2])
    lines = ["reference,probe,mated", *(f"{one}/{first},{one}/{second},1" for one in people)]
    lines += [f"{people[0]}/{second},{people[0]}/{first},1"]  # the first pair the other way round
    lines += [f"{one}/{first},{other}/{second},0" for one in people for other in people if one < other]
    (masked_people / "pairs.csv").write_text("\n".join(lines), "utf-8")
    settings = {"dataset": "pairs-csv", "data_root": masked_people, "methods": "none", "conditions": conditions}
    settings |= {"recognisers": "face_recognition", "size": 64, "replicates": 2, "workers": 1, "quiet": True}
    settings |= {"targets": "0.3", "cache": tmp_path / "cache", "out": tmp_path / "run"}
    try:
        out = run(load_config(None, settings)).parent
    finally:
        (masked_people / "pairs.csv").unlink()
    (note,) = [note for note in RunResult(out).notes if "both orders" in note]
    assert note.startswith("1 pair is listed in both orders: raw-raw gives both the same score, and counts it twice")
    assert ("differ by which photo wears the mask" in note) is ("raw-masked" in conditions)
    scores = pd.read_parquet(out / "scores.parquet")
    counted = scores[(scores["condition"] == "raw-raw") & (scores["size"] == "64") & scores["mated"]]
    assert len(counted) == 5
    assert counted["score"].nunique() == 4


def test_nothing_is_said_where_no_pair_is_listed_twice() -> None:
    assert note_on_repeated(0) == ()
