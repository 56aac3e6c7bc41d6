"""Covers a face with arbitrary things, so that a network learns the upper face rather than ten kinds of masks.

A network that has only seen drawn masks learns how those look. It must learn to do without any information from the
lower face, so the outline of the cover, its top edge, its colour and its texture are random here.
"""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.faces import Image, Points

_T = TypeVar("_T")
Coverage = NDArray[np.float32]
"""``float32 (S, S)`` in [0, 1]: how far each pixel is covered."""

_JAW = slice(0, 17)
_BRIDGE, _NOSE_BASE = 27, 33
_EYES = (slice(36, 42), slice(42, 48))
_SCALES = (0.85, 1.25)
"""Of the jaw's outline about its centre."""
_LIGHT_BLUR = 0.12
"""Standard deviation of what is taken for the face's light, as a share of the crop's side."""


def covered(face: Image, landmarks: Points, other: Image, generator: np.random.Generator) -> Image:
    """The face with its lower part behind something.

    Args:
        face: ``uint8 (S, S, 3)``; not changed.
        landmarks: ``float32 (68, 2)``, pixels of the crop.
        other: ``uint8 (S, S, 3)``, another photo, of which a piece may become the cover.
        generator: decides everything.

    Returns:
        ``uint8 (S, S, 3)``.
    """
    outline = _choice(generator, ((jaw_hull, 0.5), (below_a_line, 0.3), (hand, 0.2)))
    coverage = outline(landmarks, face.shape[0], generator)
    cover = texture(face.shape[0], other, generator)
    if outline is hand:
        cover = skin_like(cover, other, generator)
    return blended(face, cover * light(face, generator), softened(coverage, generator))


def with_glasses(face: Image, landmarks: Points, generator: np.random.Generator) -> Image:
    """The face behind spectacles: rims alone, or tinted glasses; arguments as of `covered`."""
    size = face.shape[0]
    eyes = [landmarks[eye].mean(axis=0) for eye in _EYES]
    span = float(np.linalg.norm(eyes[1] - eyes[0]))
    angle = float(np.degrees(np.arctan2(*(eyes[1] - eyes[0])[::-1])))
    axes = span * generator.uniform(0.28, 0.42), span * generator.uniform(0.2, 0.36)
    width = max(1, round(span * generator.uniform(0.02, 0.07)))
    rims, lenses = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    drop = np.array([0, span * generator.uniform(0, 0.12)])
    for eye in eyes:
        ellipse = (tuple(map(float, eye + drop)), (2 * axes[0], 2 * axes[1]), angle)
        cv2.ellipse(lenses, ellipse, 1.0, -1)
        cv2.ellipse(rims, ellipse, 1.0, width)
    left, right = (tuple(map(int, eye + drop / 2)) for eye in eyes)
    cv2.line(rims, left, right, 1.0, width)
    rims[lenses > 0] = np.minimum(rims, 1 - lenses)[lenses > 0] if generator.random() < 0.5 else 0
    dark = generator.uniform(0, 90, size=3).astype(np.float32)
    tint = generator.uniform(0.0, 0.25) if generator.random() < 0.7 else generator.uniform(0.4, 0.95)
    return blended(face, np.broadcast_to(dark, face.shape), np.maximum(rims, lenses * tint).astype(np.float32))


def cut_off(face: Image, landmarks: Points, generator: np.random.Generator) -> Image:
    """The face at the edge of its photo: black beyond it, as crops are; arguments as of `covered`.

    What is cut is the part below the nose, or a strip at one side.
    """
    cut = face.copy()
    if generator.random() < 0.6:
        base, chin = float(landmarks[_NOSE_BASE, 1]), float(landmarks[8, 1])
        row = base + (chin - base) * generator.uniform(0, 1.2)
        cut[max(0, round(row)) :] = 0
    else:
        left, right = float(landmarks[0, 0]), float(landmarks[16, 0])
        strip = generator.uniform(0, 0.25) * (right - left)
        if generator.random() < 0.5:
            cut[:, : max(0, round(left + strip))] = 0
        else:
            cut[:, max(0, round(right - strip)) :] = 0
    return cut


def worse_seen(face: Image, generator: np.random.Generator) -> Image:
    """The face as a poorer camera gives it: blur, other brightness and contrast, noise, each at random."""
    seen = face.astype(np.float32)
    size = face.shape[0]
    if generator.random() < 0.5:
        smaller = round(size * generator.uniform(0.3, 0.9))
        shrunk = cv2.resize(seen, (smaller, smaller), interpolation=cv2.INTER_AREA)
        seen = np.asarray(cv2.resize(shrunk, (size, size), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
    if generator.random() < 0.5:
        gain = generator.uniform(0.75, 1.25) * generator.uniform(0.95, 1.05, size=3)
        seen = (seen - 128) * gain.astype(np.float32) + 128 + generator.uniform(-20, 20)
    if generator.random() < 0.3:
        seen = seen + generator.normal(0, generator.uniform(2, 8), size=seen.shape).astype(np.float32)
    return _pixels(seen)


def jaw_hull(landmarks: Points, size: int, generator: np.random.Generator) -> Coverage:
    """What is inside the jaw's outline, made larger or smaller, and below an edge across the nose.

    The top edge crosses the nose anywhere from its bridge to its base, falls or rises towards the cheeks, and may be
    a peak, a straight line or an arch.
    """
    centre = landmarks[_JAW].mean(axis=0)
    jaw = (landmarks[_JAW] - centre) * generator.uniform(*_SCALES) + centre
    first = int(generator.integers(0, 5))
    sides = jaw[first : 17 - first]
    top = on_the_nose(landmarks, generator)
    along, lift = generator.uniform(0.2, 0.9), generator.uniform(-0.1, 0.6)
    shoulders = []
    for side in (sides[-1], sides[0]):
        place = side + (top - side) * along
        shoulders.append(
            place + np.array([0, (top[1] - place[1]) * lift])
        )  # nearer to the height of the point on the nose
    return filled(np.concatenate([sides, shoulders[:1], top[None], shoulders[1:]]), size)


def below_a_line(landmarks: Points, size: int, generator: np.random.Generator) -> Coverage:
    """Everything below a line across the nose, as a scarf or a book would hide it."""
    top = on_the_nose(landmarks, generator)
    across = landmarks[_EYES[1]].mean(axis=0) - landmarks[_EYES[0]].mean(axis=0)
    angle = np.arctan2(across[1], across[0]) + generator.normal(0, np.radians(7))
    along, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    corners = [top - 3 * size * along, top + 3 * size * along]
    return filled(np.stack([*corners, *(corner + 3 * size * down for corner in corners[::-1])]), size)


def hand(landmarks: Points, size: int, generator: np.random.Generator) -> Coverage:
    """Fingers before mouth and nose: strokes with round ends that come from one side or from below."""
    mouth = landmarks[48:68].mean(axis=0)
    target = mouth + (on_the_nose(landmarks, generator) - mouth) * generator.uniform(0, 0.8)
    span = float(np.linalg.norm(landmarks[45] - landmarks[36]))
    angle = generator.uniform(0, np.pi)  # from the image-right side over below to the image-left side
    away = np.array([np.cos(angle), np.sin(angle)])
    beside = np.array([-away[1], away[0]])
    thickness = span * generator.uniform(0.2, 0.32)
    coverage = np.zeros((size, size), np.float32)
    for finger in range(int(generator.integers(2, 6))):
        offset = beside * (finger - 1.5) * thickness * generator.uniform(0.85, 1.05)
        tip = target + offset - away * thickness * generator.uniform(0, 1.5)
        root = target + offset * 1.1 + away * span * 3
        cv2.line(coverage, tuple(map(int, tip)), tuple(map(int, root)), 1.0, max(1, round(thickness)), cv2.LINE_AA)
    return coverage


def texture(size: int, other: Image, generator: np.random.Generator) -> NDArray[np.float32]:
    """What a cover may look like, ``float32 (S, S, 3)`` in [0, 255]: plain, noise, stripes or a piece of `other`."""
    kind = _choice(generator, ((_plain, 0.35), (_noise, 0.2), (_stripes, 0.2), (_piece, 0.25)))
    return kind(size, other, generator)


def skin_like(cover: NDArray[np.float32], person: Image, generator: np.random.Generator) -> NDArray[np.float32]:
    """`cover` in the colour of a person's skin, with a quarter of its contrast."""
    return np.asarray(np.clip(0.25 * (cover - cover.mean((0, 1))) + _skin(person, generator), 0, 255), dtype=np.float32)


def hair_like(size: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Hair, ``float32 (S, S, 3)`` in [0, 255]: dark, brown or grey, with fine noise."""
    grey = generator.uniform(10, 90) if generator.random() < 0.8 else generator.uniform(100, 200)
    colour = grey * np.array([1.0, generator.uniform(0.75, 1.0), generator.uniform(0.55, 1.0)])
    fine = generator.normal(0, generator.uniform(4, 25), size=(size, size, 1))
    return np.asarray(np.clip(colour + fine, 0, 255), dtype=np.float32)


def blended(face: Image, cover: NDArray[np.float32], coverage: Coverage) -> Image:
    """`cover` over `face` where there is `coverage`."""
    weight = coverage[:, :, None]
    return _pixels(face * (1 - weight) + cover * weight)


def on_the_nose(landmarks: Points, generator: np.random.Generator) -> NDArray[np.float64]:
    """A point ``(2,)`` somewhere from the bridge of the nose to its base."""
    bridge, base = landmarks[_BRIDGE].astype(np.float64), landmarks[_NOSE_BASE].astype(np.float64)
    return np.asarray(bridge + (base - bridge) * generator.uniform(0.05, 1.0))


def filled(outline: NDArray[Any], size: int) -> Coverage:
    """The inside of a polygon ``(K, 2)``, pixels."""
    coverage = np.zeros((size, size), np.float32)
    cv2.fillPoly(coverage, [np.rint(outline * 16).astype(np.int32)], 1.0, cv2.LINE_8, 4)  # 4 bits of a pixel
    return coverage


def softened(coverage: Coverage, generator: np.random.Generator) -> Coverage:
    """`coverage` with a soft edge."""
    return np.asarray(cv2.GaussianBlur(coverage, (0, 0), generator.uniform(0.3, 1.5)), dtype=np.float32)


def light(face: Image, generator: np.random.Generator) -> NDArray[np.float32]:
    """The face's own light, ``float32 (S, S, 1)`` about 1: its brightness with everything fine blurred away."""
    red, green, blue = cv2.split(face.astype(np.float32))
    grey = (red + green + blue) / 3  # a mean over the last axis takes ten times as long
    broad = cv2.GaussianBlur(grey, (0, 0), _LIGHT_BLUR * face.shape[0])
    share = generator.uniform(0.3, 1.0)
    relative = np.clip(broad / max(float(broad.mean()), 1.0), 0.4, 1.5) ** share
    level = np.clip(float(broad.mean()) / 128, 0.35, 1.2) ** share
    return np.asarray(relative * level, dtype=np.float32)[:, :, None]


def _plain(size: int, _: Image, generator: np.random.Generator) -> NDArray[np.float32]:
    colour = generator.uniform(0, 255, size=3)
    if generator.random() < 0.5:  # greys, white and black are worn more often than any hue
        colour = np.full(3, colour[0]) + generator.normal(0, 8, size=3)
    return np.full((size, size, 3), np.clip(colour, 0, 255), dtype=np.float32)


def _noise(size: int, other: Image, generator: np.random.Generator) -> NDArray[np.float32]:
    cells = int(generator.integers(4, size))
    rough = generator.normal(0, generator.uniform(15, 60), size=(cells, cells, int(generator.choice((1, 3)))))
    fine = cv2.resize(rough.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR).reshape(size, size, -1)
    return np.asarray(np.clip(_plain(size, other, generator) + fine, 0, 255), dtype=np.float32)


def _stripes(size: int, other: Image, generator: np.random.Generator) -> NDArray[np.float32]:
    """Two colours in turn along one direction, or along two: checks."""
    first, second = _plain(size, other, generator), _plain(size, other, generator)
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    angle, period = generator.uniform(0, np.pi), size * generator.uniform(0.03, 0.2)
    wave = np.sin((columns * np.cos(angle) + rows * np.sin(angle)) * 2 * np.pi / period)
    if generator.random() < 0.4:
        wave = wave * np.sin((rows * np.cos(angle) - columns * np.sin(angle)) * 2 * np.pi / period)
    weight = np.clip(wave * 4 + 0.5, 0, 1)[:, :, None].astype(np.float32)
    return np.asarray(first * (1 - weight) + second * weight, dtype=np.float32)


def _piece(size: int, other: Image, generator: np.random.Generator) -> NDArray[np.float32]:
    """A part of another photo, somehow turned and stretched to the whole crop."""
    side = int(generator.integers(size // 4, size))
    top, left = generator.integers(0, size - side, size=2, endpoint=True)
    part = np.rot90(other[top : top + side, left : left + side], int(generator.integers(4)))
    return np.asarray(cv2.resize(np.ascontiguousarray(part), (size, size)), dtype=np.float32)


def _skin(other: Image, generator: np.random.Generator) -> NDArray[np.float32]:
    """The colour of the middle of a face, a little lighter or darker."""
    size = other.shape[0]
    middle = other[size // 3 : size // 2, size // 3 : 2 * size // 3].reshape(-1, 3).astype(np.float32)
    return np.asarray(np.median(middle, axis=0) * generator.uniform(0.7, 1.2), dtype=np.float32)


def _choice(generator: np.random.Generator, weighted: tuple[tuple[_T, float], ...]) -> _T:
    """What `generator.choice` draws, in a tenth of the time."""
    bounds = np.cumsum([weight for _, weight in weighted])
    return weighted[int((bounds / bounds[-1]).searchsorted(generator.random(), side="right"))][0]


def _pixels(image: NDArray[Any]) -> Image:
    return np.asarray(np.clip(np.rint(image), 0, 255), dtype=np.uint8)
