"""A data set or mask that raises for a photo fails that photo alone, at each step that reads or draws."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmark.acquisition.detection import FaceSearch
from benchmark.acquisition.step import _crop, _locate
from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry
from benchmark.masking import crops, export
from benchmark.masking.export import export_pairs
from benchmark.masking.step import Worn, _mask
from benchmark.pipeline.planning.copies import _fingerprint
from benchmark.recognisers.presentation import _pasted

FACE = FaceGeometry(np.zeros(4, np.float32), np.zeros((68, 2), np.float32), np.zeros((5, 2), np.float32))
PHOTO: Any = SimpleNamespace(image_id="anna/1")
RAISED = [ValueError("no luck"), SystemExit(), KeyError("gone")]
READ = "the photo cannot be read: "
DRAW = "the mask 'broken' cannot be drawn: "


class Raising:
    """A data set and a mask style in one."""

    version = 1

    def __init__(self, raised: BaseException, *, readable: bool = False) -> None:
        self.raised, self.readable = raised, readable

    def read(self, _photo: Any) -> Any:
        if self.readable:
            return np.zeros((64, 64, 3), np.uint8)
        raise self.raised

    def draw(self, *_: Any) -> Any:
        raise self.raised


@pytest.fixture(params=RAISED, ids=lambda raised: type(raised).__name__)
def raised(request: pytest.FixtureRequest) -> BaseException:
    error: BaseException = request.param
    return error


def assert_says(reason: str, beginning: str, raised: BaseException) -> None:
    assert reason.startswith(beginning)
    assert type(raised).__name__ in reason
    assert "\n" not in reason


def test_reading_at_every_step(raised: BaseException) -> None:
    broken: Any = Raising(raised)
    search: Any = SimpleNamespace(find_all=list)
    worn = Worn("broken", broken)
    crop = np.zeros((16, 16, 3), np.uint8)
    ((_, located),) = _locate([PHOTO], dataset=broken, search=search)
    _, cropped = _crop((PHOTO, FACE), dataset=broken, size=16)
    _, copied = _fingerprint(PHOTO, dataset=broken)
    ((_, masked),) = _mask([(PHOTO, FACE, worn)], dataset=broken, size=16, search=None, seed=0)
    pasted = _pasted((PHOTO, FACE, FACE, None, crop), broken, 0)
    assert isinstance(pasted, ImageRefused)
    for reason in (located["reason"], cropped["reason"], copied["reason"], masked["reason"], pasted.reason):
        assert_says(reason, READ, raised)


def test_drawing_at_every_step(raised: BaseException) -> None:
    broken: Any = Raising(raised, readable=True)
    worn = Worn("broken", broken)
    ((_, masked),) = _mask([(PHOTO, FACE, worn)], dataset=broken, size=16, search=None, seed=0)
    pasted = _pasted((PHOTO, FACE, FACE, worn, np.zeros((16, 16, 3), np.uint8)), broken, 0)
    assert isinstance(pasted, ImageRefused)
    for reason in (masked["reason"], pasted.reason):
        assert_says(reason, DRAW, raised)


def test_drawing_in_an_export(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, raised: BaseException) -> None:
    broken: Any = Raising(raised)
    found = SimpleNamespace(geometry=FACE, face_detector="made-up")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.png").write_bytes(b"")
    monkeypatch.setattr(export, "mask_style", lambda _: broken)
    monkeypatch.setattr(export, "read_photo", lambda *_: np.zeros((64, 64, 3), np.uint8))
    monkeypatch.setattr(crops, "reduced_for_crop", lambda photo, face, _: (photo, face))
    monkeypatch.setattr(FaceSearch, "find", lambda *_: found)
    summary = export_pairs(tmp_path / "in", tmp_path / "out", styles=["broken"])
    assert (summary.exported, summary.failed) == (0, 1)
    said = (tmp_path / "out" / "manifest.csv").read_text("utf-8")
    assert "the mask 'broken' cannot be drawn" in said
    assert type(raised).__name__ in said
