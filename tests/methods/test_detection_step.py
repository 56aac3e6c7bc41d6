"""What a detector finds outside the photo is no mask."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.artifacts import ArtifactStore
from benchmark.context import RunContext
from benchmark.faces import AlignedFaces, Photo
from benchmark.ledger import Ledger
from benchmark.methods.detection_step import find_masks
from benchmark.methods.detectors.base import Detector
from benchmark.progress import Progress
from benchmark.views import PhotoSet, View

SIDE = 32


class Everywhere(Detector):
    """Marks the whole crop."""

    name = "everywhere"

    def detect(self, pixels, true_holes, image_ids):
        return np.full(pixels.shape[:3], 255, np.uint8)


def view_with(corners: np.ndarray | None) -> View:
    photo = Photo("a", "a", "a")
    landmarks = np.ones((1, 68, 2), np.float32)
    faces = AlignedFaces(
        ("a",), np.zeros((1, SIDE, SIDE, 3), np.uint8), landmarks, landmarks[:, :5], photo_corners=corners
    )
    return View("key", PhotoSet("none", None, (photo,), "test"), faces, [{}])


@pytest.mark.parametrize("known", [True, False])
def test_no_hole_outside_the_photo(tmp_path: Path, known: bool) -> None:
    context = RunContext(
        store=ArtifactStore(tmp_path), ledger=Ledger(), progress=Progress(quiet=True), workers=1, device="cpu", seed=0
    )
    corners = np.array([[(-5, -5), (40, -5), (40, 19.5), (-5, 19.5)]], np.float32) if known else None
    found = find_masks(Everywhere(), view_with(corners), trained_on="", context=context)
    covered = np.asarray(found.holes[0]) > 0
    assert covered[:20].all()
    assert covered[20:].any() is np.bool_(not known)


class Strip(Everywhere):
    """Finds two strips that nearly touch, at the photo's lower end."""

    name = "strip"

    def detect(self, pixels, true_holes, image_ids):
        found = np.zeros(pixels.shape[:3], np.uint8)
        found[:, 12:15, 8:24] = found[:, 17:20, 8:24] = 255
        return found


@pytest.mark.parametrize("margin", [0.0, 0.07])
def test_a_margin_closes_and_widens_but_never_beyond_the_photo(tmp_path: Path, margin: float) -> None:
    context = RunContext(
        store=ArtifactStore(tmp_path),
        ledger=Ledger(),
        progress=Progress(quiet=True),
        workers=1,
        device="cpu",
        seed=0,
        hole_margin=margin,
    )
    view = view_with(np.array([[(-5, -5), (40, -5), (40, 19.5), (-5, 19.5)]], np.float32))
    found = find_masks(Strip(), view, trained_on="", context=context)
    hole = np.asarray(found.holes[0]) > 0
    assert hole[12:15, 8:24].all() and hole[17:20, 8:24].all()
    assert hole[15:17, 10:22].all() == (margin > 0)
    assert hole[10:12, 10:22].all() == (margin > 0)
    assert not hole[20:].any()
    other = find_masks(Strip(), view, trained_on="", context=replace(context, hole_margin=0.1))
    assert other.key != found.key
