"""Neck, shoulders and clothes of a synthetic person, drawn by rule in the mean frame.

The average of clothes does not look like clothes, so statistics of real photos are of no use below the neck.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from benchmark.datasets.appearance_model import SIDE, Floats, frame_grid

_GRID = frame_grid(SIDE).astype(np.float32).reshape(SIDE, SIDE, 2)
_ACROSS, _DOWN = np.abs(_GRID[:, :, 0]), _GRID[:, :, 1]
_NECK = 0.36
"""Half width of the neck, units."""
_COLLAR = 0.90
"""Height at which the shoulders leave the neck, units below the middle of the frame."""


@dataclass(frozen=True)
class Attire:
    """What one photo shows below the neck.

    Attributes:
        body: ``(SIDE, SIDE)``, signed distance to the outline of neck and shoulders, units, positive inside.
        cover: ``(SIDE, SIDE)``, 1 where clothes cover skin and hair.
        colours: ``(SIDE, SIDE, 3)``, RGB of the clothes, 0…1.
    """

    body: Floats
    cover: Floats
    colours: Floats


def draw_attire(rng: np.random.Generator, light: float) -> Attire:
    """A shirt, blouse, pullover or jacket.

    Args:
        rng: the photo's stream.
        light: mean luma of the face; clothes are in the same light.
    """
    slope = rng.uniform(0.20, 0.34)
    shoulder = _COLLAR + slope * (1 - np.exp(-np.maximum(_ACROSS - _NECK, 0) / 0.45))
    body = np.maximum(np.where(_DOWN > 0.3, _NECK - _ACROSS, -1), (_DOWN - shoulder) * 0.9)
    kind = rng.choice(["round", "open", "jacket"], p=[0.42, 0.33, 0.25])
    exposure = np.clip(light / 0.5, 0.6, 1.3) ** 0.6
    fabric = _colour(rng) * exposure
    side = np.minimum(_ACROSS / (_NECK + 0.03), 1)
    if kind == "round":
        neckline = rng.uniform(0.98, 1.10)
        edge = neckline - (neckline - _COLLAR) * side**2.5
    else:
        neckline = rng.uniform(1.05, 1.35) if kind == "open" else rng.uniform(0.97, 1.02)
        edge = neckline - (neckline - _COLLAR) * side
    clothes = _DOWN - np.where(_ACROSS < _NECK + 0.03, edge, shoulder - 0.012)
    colours = np.broadcast_to(fabric, (SIDE, SIDE, 3)).astype(np.float32)
    if kind == "jacket":
        shirt = np.clip(rng.normal(0.86, 0.08) * np.array([1.0, 1.0, 1.02]), 0.3, 0.98) * exposure
        opening = rng.uniform(1.6, 2.0) - 0.875 * np.minimum(_ACROSS / 0.43, 1.0)
        lapel = np.asarray(_DOWN - opening, dtype=np.float32)
        jacket = _step(lapel, 0.012)[:, :, None]
        dark = fabric * rng.uniform(0.25, 0.6)
        colours = jacket * dark + (1 - jacket) * shirt.astype(np.float32)
        if rng.random() < 0.5:
            tie = (_step(0.055 + 0.05 * (_DOWN - 0.98) - _ACROSS, 0.01) * (1 - jacket[:, :, 0]))[:, :, None]
            colours = tie * (_colour(rng) * 0.8) + (1 - tie) * colours
    shaded = colours * _folds(rng)[:, :, None] * (0.8 + 0.2 * _step(clothes - 0.03, 0.03))[:, :, None]
    return Attire(body.astype(np.float32), _step(clothes, 0.010), np.clip(shaded, 0, 1).astype(np.float32))


def _colour(rng: np.random.Generator) -> Floats:
    """A colour of cloth: mostly muted, often black, grey, white or navy."""
    if rng.random() < 0.5:
        level = rng.choice([0.09, 0.15, 0.35, 0.6, 0.85]) * rng.uniform(0.85, 1.15)
        return np.asarray(np.clip(level * (1 + rng.normal(0, 0.04, 3)), 0.03, 0.95), dtype=np.float32)
    hsv = np.array([[[rng.uniform(0, 360), rng.uniform(0.12, 0.5), rng.uniform(0.2, 0.75)]]], np.float32)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), dtype=np.float32).reshape(3)


def _folds(rng: np.random.Generator) -> Floats:
    """Light and shadow of cloth, about 1."""
    coarse = rng.standard_normal((5, 9), dtype=np.float32)
    broad = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    fine = cv2.GaussianBlur(rng.standard_normal((SIDE, SIDE), dtype=np.float32), (0, 0), 0.8)
    tilt = rng.normal(0, 0.12) * _GRID[:, :, 0]
    folds: Floats = 1 + 0.08 * broad + 0.03 * fine + tilt
    return folds


def _step(distance: Floats, softness: float) -> Floats:
    """0 outside, 1 inside, smooth over ± `softness` units."""
    share = np.clip(distance / (2 * softness) + 0.5, 0, 1)
    smooth: Floats = (share * share * (3 - 2 * share)).astype(np.float32)
    return smooth
