from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmark.datasets.base import Comparisons
from benchmark.datasets.templates import Membership
from benchmark.methods.combinations.combination import MemberScores
from benchmark.pipeline.conditions.method_kinds import detected_probes
from benchmark.pipeline.conditions.method_kinds.detected_probes import only_with_mask
from benchmark.pipeline.conditions.pairing import CombinedPairing, Pairing, Side

LABEL = "segmenter+adapt:two-looks"
WORN = {"bare": [False] * 6, "masked": [True, False, True, False, False, True]}


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Any:
    """From the pairing to what the detector makes of it; a view is its name, a key of `WORN`."""
    monkeypatch.setattr(detected_probes, "found_masked", lambda detector, view, *_: np.array(WORN[view]))
    method = SimpleNamespace(detector=None)
    inputs = SimpleNamespace(learned={}, context=None)
    return lambda pairing: only_with_mask(pairing, method, inputs)


def pairing(reference: Side, probe: Side, count: int) -> Pairing:
    rows = np.arange(count, dtype=np.int32)
    compared = Comparisons(rows, rows, np.ones(count, np.bool_), np.full(count, -1, np.int8))
    return Pairing("raw-restored", LABEL, compared, reference, probe)


def side(view: Any, rows: list[int], *, by: str, members: Membership | None = None) -> Side:
    return Side(view, view, np.array(rows, np.int32), by, members)


def taken(made: CombinedPairing) -> list[float]:
    count = len(made.comparisons)
    scores = np.stack([np.zeros(count), np.ones(count)]).astype(np.float32)
    assert made.combination is not None
    return made.combination.combine("any", MemberScores(scores, lambda: scores)).tolist()


def test_the_adapter_s_score_is_taken_where_the_probe_wears_a_mask(chosen: Any) -> None:
    made = chosen(
        pairing(side("bare", [5, 4, 3], by=f"{LABEL}, references"), side("masked", [0, 1, 5], by=LABEL), count=3)
    )
    assert taken(made) == [1, 0, 1]
    unchanged, adapted = made.parts
    assert (unchanged.reference.embedded_by, unchanged.probe.embedded_by) == ("", "")
    assert (adapted.reference.embedded_by, adapted.probe.embedded_by) == (f"{LABEL}, references", LABEL)


def test_where_masked_faces_are_compared_both_must_wear_one(chosen: Any) -> None:
    made = chosen(pairing(side("masked", [0, 0, 1], by=LABEL), side("masked", [2, 1, 2], by=LABEL), count=3))
    assert taken(made) == [1, 0, 0]


def test_a_template_wears_a_mask_if_half_of_its_photos_do(chosen: Any) -> None:
    probes = Membership.of([(0, 1), (1, 3, 5), (0, 2, 4)])
    made = chosen(
        pairing(
            side("bare", [0, 1, 2], by=f"{LABEL}, references"),
            side("masked", [0, 1, 2], by=LABEL, members=probes),
            count=3,
        )
    )
    assert taken(made) == [1, 0, 1]
