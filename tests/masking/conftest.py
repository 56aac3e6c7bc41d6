"""Faces that are nothing but landmarks on a skin-coloured head: every pose, and no photograph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from benchmark.faces import Image, Points
from benchmark.masking.head import MEAN_HEAD


@dataclass(frozen=True)
class PosedFace:
    photo: Image
    landmarks: Points


def _posed_face(
    *,
    side: int = 250,
    face_width: float = 100,
    yaw: float = 0,
    pitch: float = 0,
    roll: float = 0,
    skin: tuple[int, int, int] = (205, 160, 132),
    background: tuple[int, int, int] = (90, 90, 90),
    sliding: bool = True,
) -> PosedFace:
    """The mean head, turned; angles in degrees; positive yaw looks to the image's right, positive pitch down."""
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    scale = face_width / (2 * MEAN_HEAD[16, 0])
    head = MEAN_HEAD.copy()
    if sliding and yaw:  # a landmark model puts the far jaw where the outline is seen, not where the jaw is
        far = slice(9, 17) if yaw > 0 else slice(0, 8)
        head[far, 2] *= 1 - 0.6 * abs(np.sin(a)) / np.sin(np.radians(35))
    flat = (scale * head @ (about_z @ about_x @ about_y).T)[:, :2]
    landmarks = (flat + np.array([side / 2, 0.45 * side])).astype(np.float32)
    photo = np.full((side, side, 3), background, dtype=np.uint8)
    centre = tuple(int(value) for value in landmarks[27:36].mean(axis=0))
    axes = (round(0.58 * face_width), round(0.85 * face_width))
    cv2.ellipse(photo, centre, axes, roll, 0, 360, skin, -1, cv2.LINE_AA)
    return PosedFace(photo, landmarks)


@pytest.fixture
def posed_face() -> Callable[..., PosedFace]:
    return _posed_face
