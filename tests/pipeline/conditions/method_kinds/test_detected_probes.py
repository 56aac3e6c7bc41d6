from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmark.config import Condition
from benchmark.datasets.base import Comparisons
from benchmark.datasets.templates import Membership
from benchmark.errors import MethodFailed, PluginError
from benchmark.pipeline.conditions.method_kinds import detected_probes
from benchmark.pipeline.conditions.method_kinds.detected_probes import MaskedFaces, only_with_mask
from benchmark.pipeline.conditions.pairing import ChosenPairing, Pairing, Side

LABEL = "segmenter+adapt:two-looks"
WORN = {"bare": [False] * 6, "masked": [True, False, True, False, False, True]}


class _View(str):
    """A view that is its name, a key of `WORN`; its row 4 shows no face."""

    __slots__ = ()

    @property
    def key(self) -> str:
        return str(self)

    def failed(self, row: int) -> bool:
        return row == 4


@pytest.fixture
def masked_faces() -> MaskedFaces:
    nothing: Any = None
    detector: Any = SimpleNamespace(label="mine", trains=False)
    return MaskedFaces(detector, learned={}, context=nothing)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The views at which the detector looks, in their order; it finds a mask as `WORN` says, of one pixel."""
    seen: list[str] = []

    def found(detector: Any, view: str, **_: Any) -> SimpleNamespace:
        seen.append(view)
        holes = np.zeros((6, 4, 4), np.uint8)
        holes[WORN[view], 3, 0] = 255
        return SimpleNamespace(holes=holes)

    monkeypatch.setattr(detected_probes, "find_masks", found)
    return seen


@pytest.fixture
def chosen(masked_faces: MaskedFaces, looks: list[str]) -> Any:  # so that the detector finds something
    """From the pairing to what the detector makes of it."""
    return lambda pairing: only_with_mask(pairing, masked_faces)


def pairing(reference: Side, probe: Side, count: int, condition: Condition = "raw-restored") -> Pairing:
    rows = np.arange(count, dtype=np.int32)
    compared = Comparisons(rows, rows, np.ones(count, np.bool_), np.full(count, -1, np.int8))
    return Pairing(condition, LABEL, compared, reference, probe)


def side(view: str, rows: list[int], *, by: str, members: Membership | None = None) -> Side:
    shown: Any = _View(view)
    return Side(view, shown, np.array(rows, np.int32), by, members)


def test_the_adapter_s_score_is_taken_where_the_probe_wears_a_mask(chosen: Any) -> None:
    made: ChosenPairing = chosen(
        pairing(side("bare", [5, 4, 3], by=f"{LABEL}, references"), side("masked", [0, 1, 5], by=LABEL), count=3)
    )
    assert made.second.tolist() == [True, False, True]
    unchanged, adapted = made.parts
    assert (unchanged.reference.embedded_by, unchanged.probe.embedded_by) == ("", "")
    assert (adapted.reference.embedded_by, adapted.probe.embedded_by) == (f"{LABEL}, references", LABEL)


def test_where_masked_faces_are_compared_both_must_wear_one(chosen: Any, looks: list[str]) -> None:
    both = side("masked", [0, 0, 1], by=LABEL), side("masked", [2, 1, 2], by=LABEL)
    made = chosen(pairing(*both, count=3, condition="restored-restored"))
    assert made.second.tolist() == [True, False, False]
    assert looks == ["masked"], "both sides show the same faces"


def test_a_template_wears_a_mask_if_half_of_its_photos_with_a_face_do(chosen: Any) -> None:
    probes = Membership.of([(0, 1), (1, 3, 5), (2, 4), (4,)])
    made = chosen(
        pairing(
            side("bare", [0, 1, 2, 3], by=f"{LABEL}, references"),
            side("masked", [0, 1, 2, 3], by=LABEL, members=probes),
            count=4,
        )
    )
    assert made.second.tolist() == [True, False, True, False]


def test_where_the_detector_fails_it_is_the_method_that_fails(
    masked_faces: MaskedFaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise PluginError("cannot look at 256 pixels")

    monkeypatch.setattr(detected_probes, "find_masks", broken)
    view: Any = _View("masked")
    with pytest.raises(MethodFailed, match="cannot look at 256 pixels"):
        masked_faces.of(view, "masked")
