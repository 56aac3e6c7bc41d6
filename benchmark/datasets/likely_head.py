"""Rules that sampled heads break and real ones keep: where hair ends, where skin ends, what colour a neck has.

Sums of components mix appearances: a fringe plus a bare forehead gives a grey forehead. The rules separate them again.
"""

from __future__ import annotations

import cv2
import numpy as np

from benchmark.datasets.appearance_model import SIDE, Appearance, AppearanceModel, Floats, frame_grid, resized

LIKELY_LUMA = (0.05, 0.96)
"""Black hair and bright skin in photos; what goes beyond is compressed."""
CAST_REMOVED = 0.45
"""Share of a colour cast that the camera's white balance takes away."""
SKIN_CHROMA = np.array([0.585, 0.445], np.float32)
"""Cr and Cb of skin in well balanced photos."""
HAIRLINE_CONTRAST = 0.88
"""How far the forehead is pushed towards either skin or hair, 0…1."""
FAIR_HAIR = 0.36
"""Luma of hair, as a share of skin's, above which it is darkened: hair as bright as skin looks like a bald skull."""
HAIR_CHROMA = np.array([0.525, 0.475], np.float32)
"""Cr and Cb of brown hair."""
ONE_COLOUR = 0.6
"""How far all of a person's hair is drawn towards the colour of its crown, 0…1."""
_CHEEKS = (slice(90, 125), slice(60, 124))
_LEFT_CHEEK, _RIGHT_CHEEK = (slice(84, 112), slice(56, 76)), (slice(84, 112), slice(108, 128))
_HAIR = (slice(6, 22), slice(62, 122))
_FOREHEAD = (slice(16, 58), slice(62, 122))
_HANGING = 115
"""Row of the mean frame, at the mouth, below which hair gets no wider."""
_BESIDE_JAW = 49
"""Columns from the middle to just outside the jaw: if the person ends there, no hair hangs beside the neck."""
_CROWN = 18
"""Row above which the head narrows."""
_GRID = frame_grid(SIDE).astype(np.float32).reshape(SIDE, SIDE, 2)
_ACROSS, _DOWN = _GRID[:, :, 0], _GRID[:, :, 1]


_BROW_TO_HAIR = np.hypot(_ACROSS / 0.585, np.where(_DOWN < 0, _DOWN + 0.02, 0.55 * _DOWN) / 0.80)
_GROWTH: Floats = np.clip((_BROW_TO_HAIR - 0.97) / 0.13, 0, 1) * np.clip((0.80 - _DOWN) / 0.2, 0, 1)
"""1 where hair grows: outside an arch from ear to ear over the forehead."""


def cheek_luma(appearance: Appearance) -> float:
    """Mean luma of the cheeks, nose and upper lip."""
    return float(appearance.luma[_CHEEKS].mean())


def head_outline(model: AppearanceModel, appearance: Appearance, grain: Floats) -> Floats:
    """Signed distance ``(SIDE, SIDE)`` to the outline of a likely head, units, positive inside.

    Hair only hangs down, a neck without hair is slim, and the skull has a top.
    Photos seldom show the crown, and shoulders are part of real people's outlines: both are replaced by rule.
    """
    outline = resized(appearance.outline, cv2.INTER_CUBIC)
    head = outline.copy()
    hanging = np.minimum.accumulate(outline[_HANGING:], axis=0)
    left, right = outline[_HANGING, SIDE // 2 - _BESIDE_JAW], outline[_HANGING, SIDE // 2 + _BESIDE_JAW]
    for side, here, there in ((slice(None, SIDE // 2), left, right), (slice(SIDE // 2, None), right, left)):
        hair = 0.55 * here + 0.45 * there  # seldom long on one side only
        hanging[:, side] = np.minimum(hanging[:, side], 5 * (hair - 0.03))
    head[_HANGING:] = hanging - 0.35 * np.maximum(_DOWN[_HANGING:] - 0.75, 0)
    above = _DOWN[_CROWN, 0] - _DOWN[:_CROWN]
    head[:_CROWN] = np.minimum(outline[:_CROWN], outline[_CROWN] - 1.1 * above)
    x, y = _ACROSS, _DOWN + 0.25
    largest = (1 - np.hypot(x / 0.93, np.minimum(y, 0) / 1.06)) * 0.9
    skull = np.where(y < 0.1, (1 - np.hypot(x / 0.63, y / 0.975)) * 0.6, -1)
    strands = 0.4 * np.clip(grain, -0.03, 0.03) * np.clip((_DOWN + 1.2) / 0.15, 0, 1)
    likely: Floats = np.maximum(np.maximum(np.minimum(head, largest), skull) + strands, model.jaw_distance)
    return likely


def skin_and_hair(model: AppearanceModel, appearance: Appearance, grain: Floats) -> Floats:
    """RGB ``(SIDE, SIDE, 3)`` in the mean frame, 0…1, with the fine texture `grain` added."""
    cheeks = resized(appearance.chroma, cv2.INTER_LINEAR)
    skin = cheeks[_CHEEKS].reshape(-1, 2).mean(axis=0)
    cast = CAST_REMOVED * (skin - SKIN_CHROMA)
    chroma, skin = cheeks - cast, skin - cast
    luma, chroma = _with_hair(appearance.luma, chroma)
    luma, chroma = _with_hairline(luma, chroma, skin)
    luma, chroma = _with_neck(model, luma, chroma, skin, cheek_luma(appearance))
    low, high = LIKELY_LUMA
    luma = np.where(luma < 2 * low, low + low * np.exp(np.minimum(luma - 2 * low, 0) / low), luma)
    luma = np.minimum(luma, high) + 0.25 * np.maximum(luma - high, 0) + grain
    ycc = np.dstack([np.clip(luma, 0, 1), chroma]).astype(np.float32)
    return np.asarray(cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB), dtype=np.float32)


def _with_hair(luma: Floats, chroma: Floats) -> tuple[Floats, Floats]:
    """Give hair one colour, and darken pixels in it that are nearly as bright and as red as skin."""
    hair_luma, hair = luma[_HAIR].mean(), chroma[_HAIR].reshape(-1, 2).mean(axis=0)
    mixed = np.asarray(cv2.GaussianBlur(luma, (0, 0), 14), dtype=np.float32)
    luma = luma + ONE_COLOUR * _GROWTH * (hair_luma - mixed)
    chroma = chroma + (ONE_COLOUR * _GROWTH)[:, :, None] * (hair - chroma)
    ratio = float(luma[_HAIR].mean() / max(luma[_CHEEKS].mean(), 0.05))
    excess = max(ratio - FAIR_HAIR, 0.0)
    factor = (FAIR_HAIR + 0.3 * excess) / (FAIR_HAIR + excess)
    fade = min(excess / 0.3, 1.0)
    darkened = luma * (1 + _GROWTH * (factor - 1))
    greyed = chroma + (_GROWTH * 0.5 * fade)[:, :, None] * (HAIR_CHROMA - chroma)
    return darkened.astype(np.float32), greyed.astype(np.float32)


def _with_hairline(luma: Floats, chroma: Floats, skin: Floats) -> tuple[Floats, Floats]:
    """Above the brows, push what is between the luma of skin and of hair towards one of them."""
    left, right = luma[_LEFT_CHEEK].mean(), luma[_RIGHT_CHEEK].mean()
    skin_luma = left + (right - left) * np.clip(_ACROSS / 0.6 + 0.5, 0, 1)
    hair_luma, hair = luma[_HAIR].mean(), chroma[_HAIR].reshape(-1, 2).mean(axis=0)
    apart = skin_luma - hair_luma
    strength = np.clip((apart - 0.06) / 0.10, 0, 1) * np.clip((-0.50 - _DOWN) / 0.14, 0, 1) * HAIRLINE_CONTRAST
    share = (luma - hair_luma) / np.maximum(apart, 0.1)
    step = np.clip((share - 0.15) / 0.35, 0, 1)
    target = step * step * (3 - 2 * step)
    target[_FOREHEAD] = np.maximum.accumulate(target[_FOREHEAD], axis=0)  # no hair below bare skin
    pushed = luma + strength * apart * (target - np.clip(share, 0, 1))
    colour = hair + (skin - hair) * target[:, :, None]
    return pushed.astype(np.float32), chroma + strength[:, :, None] * (colour - chroma)


def _with_neck(
    model: AppearanceModel, luma: Floats, chroma: Floats, skin: Floats, brightness: float
) -> tuple[Floats, Floats]:
    """Below the jaw, give the neck the skin's colour, in the shadow of the chin."""
    below = np.clip(-model.jaw_distance / 0.10, 0, 1) * np.clip((_DOWN - 0.35) / 0.15, 0, 1)
    neck = 0.7 * below * np.clip((0.46 - np.abs(_ACROSS)) / 0.06, 0, 1)
    shadow = brightness * (0.72 + 0.12 * np.clip((_DOWN - 0.75) / 0.3, 0, 1) - 0.5 * _ACROSS**2)
    return luma + neck * (shadow - luma), chroma + neck[:, :, None] * (skin - chroma)
