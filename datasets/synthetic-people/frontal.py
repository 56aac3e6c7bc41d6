"""Warps every photo to the mean face and cuts the person out: the second stage of `fit.py`.

All coordinates are in units of dlib's mean-shape square, with the origin in the middle of dlib's face chip.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from landmarks import read_photo

from benchmark import thin_plate
from benchmark.datasets.appearance_model import FRAME, SIDE, frame_grid
from benchmark.parallel import map_in_processes
from benchmark.progress import Progress

MEAN_FIVE_POINTS = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
"""dlib's five points in its mean-shape square (image_transforms/interpolation.h)."""
MIRRORED = np.array(
    [
        *(*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31),
        *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
        *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65),
    ]
)
"""Which of the 68 points each becomes in a mirror."""
CUT_SIDE = 80
"""Side at which the person is cut out, pixels: GrabCut's time grows with its square."""


@dataclass(frozen=True)
class Frontal:
    """One photo, warped to the mean face.

    Attributes:
        texture: ``uint8 (SIDE, SIDE, 3)``, RGB.
        seen: ``uint8 (SIDE, SIDE)``, 255 where the photo holds the pixel.
        person: ``uint8 (CUT_SIDE, CUT_SIDE)``, 1 where the person is.
    """

    texture: NDArray[np.uint8]
    seen: NDArray[np.uint8]
    person: NDArray[np.uint8]


def similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 2×3 similarity that takes points `source` ``(K, 2)`` nearest to `target` (least squares)."""
    a, b = source - source.mean(axis=0), target - target.mean(axis=0)
    norm = (a**2).sum()
    cosine = (a * b).sum() / norm
    sine = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / norm
    rotation = np.array([[cosine, -sine], [sine, cosine]])
    return np.hstack([rotation, (target.mean(axis=0) - rotation @ source.mean(axis=0))[:, None]])


def apply(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points ``(K, 2)`` through a 2×3 matrix."""
    moved: NDArray[np.float64] = points @ matrix[:, :2].T + matrix[:, 2]
    return moved


def align_shapes(points: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Aligned landmarks ``(N, 68, 2)`` and the mirror-symmetric mean shape ``(68, 2)``, both in units.

    Generalised Procrustes over the points that a jaw or a brow cannot move (dlib's choice), scaled by dlib's five.

    Args:
        points: ``(N, 73, 2)`` of `landmarks.find_face`.
    """
    shapes, inner = points[:, :68].astype(np.float64), np.arange(27, 55)
    reference = shapes[0]
    five = points[0, 68:].astype(np.float64)
    for _ in range(6):
        matrices = [similarity(shape[inner], reference[inner]) for shape in shapes]
        reference = np.mean([apply(m, shape) for m, shape in zip(matrices, shapes, strict=True)], axis=0)
        five = np.mean([apply(m, p.astype(np.float64)) for m, p in zip(matrices, points[:, 68:], strict=True)], axis=0)
    to_units = similarity(five, MEAN_FIVE_POINTS - 0.5)
    reference = apply(to_units, reference)
    mirrored = reference[MIRRORED] * [-1, 1]
    middle = (reference - mirrored)[:, 0].mean() / 2
    reference = (reference + mirrored + [2 * middle, 0]) / 2
    matrices = [similarity(shape[inner], reference[inner]) for shape in shapes]
    return np.stack([apply(m, shape) for m, shape in zip(matrices, shapes, strict=True)]), reference


def to_frame_pixels(points: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Units to pixel coordinates of a frame with `side` pixels."""
    pixels: NDArray[np.float64] = (points + FRAME / 2) * side / FRAME - 0.5
    return pixels


def warp_to_mean(
    job: tuple[str, NDArray[np.float32], NDArray[np.float64]], folder: Path, mean_shape: NDArray[np.float64]
) -> Frontal:
    """One photo warped and cut out; `job` is (file, its landmarks in pixels, its aligned landmarks in units)."""
    file, pixels, aligned = job
    photo = read_photo(folder / file)
    ring = thin_plate.anchors()
    centres = np.vstack([mean_shape, ring])
    moved = thin_plate.warped(frame_grid(SIDE // 4), source=centres, target=np.vstack([aligned, ring]))
    back = similarity(aligned, pixels[:68].astype(np.float64))
    field = apply(back, moved).reshape(SIDE // 4, SIDE // 4, 2).astype(np.float32)
    field = cv2.resize(field, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    texture = cv2.remap(photo, field, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    white = np.zeros(photo.shape[:2], np.uint8)
    left, top, right, bottom = reflected_margins(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32))
    white[top : photo.shape[0] - bottom, left : photo.shape[1] - right] = 255
    seen = cv2.remap(white, field, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
    return Frontal(texture, seen, cut_out(texture, mean_shape))


def reflected_margins(grey: NDArray[np.float32]) -> tuple[int, int, int, int]:
    """Widths (left, top, right, bottom) of the strips that only mirror what lies beside them.

    Crops that reach over a photo's edge are often filled so; a chin mirrored below the neck is no statistic of people.
    """
    left, right = (_reflected_rows(side) for side in (grey.T[::-1], grey.T))
    top, bottom = (_reflected_rows(side) for side in (grey[::-1], grey))
    return left, top, right, bottom


def _reflected_rows(grey: NDArray[np.float32], least: int = 5, window: int = 24) -> int:
    """How many of the last rows mirror those before them (up to compression noise)."""
    height = len(grey)
    for edge in range(height * 5 // 8, height - least):
        count = min(height - 1 - edge, window)
        below = grey[edge + 1 : edge + 1 + count]
        for above in (grey[edge - 1 : edge - 1 - count : -1], grey[edge : edge - count : -1]):
            if np.abs(below - above).mean() < 0.12 * (below.std() + 3):
                return height - 1 - edge
    return 0


def cut_out(texture: NDArray[np.uint8], mean_shape: NDArray[np.float64]) -> NDArray[np.uint8]:
    """``uint8 (CUT_SIDE, CUT_SIDE)``, 1 = person (hair, neck and clothes included), by GrabCut."""
    small = cv2.resize(texture, (CUT_SIDE, CUT_SIDE), interpolation=cv2.INTER_AREA)
    labels = _first_guess(mean_shape)
    try:
        cv2.grabCut(small, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # a picture of one colour
        return np.zeros((CUT_SIDE, CUT_SIDE), np.uint8)
    person = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    person = cv2.morphologyEx(person, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    person = cv2.morphologyEx(person, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, parts = cv2.connectedComponents(person)
    x, y = to_frame_pixels(mean_shape[30], CUT_SIDE).astype(int)
    return (parts == parts[y, x]).astype(np.uint8)


def _first_guess(mean_shape: NDArray[np.float64]) -> NDArray[np.uint8]:
    """GrabCut's labels before it has seen the picture: face and neck sure, a head and a body likely, corners not."""
    side = CUT_SIDE
    shape = to_frame_pixels(mean_shape, side)
    labels = np.full((side, side), cv2.GC_PR_BGD, np.uint8)
    width, height = shape[16, 0] - shape[0, 0], shape[8, 1] - shape[27, 1]
    middle = (float(shape[27, 0]), float(shape[27, 1] - 0.1 * height))
    cv2.ellipse(labels, (middle, (float(1.35 * width), float(2.15 * height)), 0.0), cv2.GC_PR_FGD, -1)
    body = np.array([shape[6], shape[10], [side * 0.98, side - 1], [side * 0.02, side - 1]])
    cv2.fillConvexPoly(labels, body.astype(np.int32), cv2.GC_PR_FGD)
    strip = side // 16
    labels[: side // 2, :strip] = labels[: side // 2, -strip:] = cv2.GC_BGD
    for corner in (0, side - 1):
        inwards = 1 if corner == 0 else -1
        triangle = np.array([[corner, 0], [corner + inwards * side // 5, 0], [corner, side // 3]])
        cv2.fillConvexPoly(labels, triangle, cv2.GC_BGD)
    face = np.vstack([shape[:17], shape[17:27] - [0, 0.28 * height]])
    face = (face - face.mean(axis=0)) * 0.93 + face.mean(axis=0)
    cv2.fillConvexPoly(labels, cv2.convexHull(face.astype(np.int32)), cv2.GC_FGD)
    neck = np.array([shape[6], shape[10], shape[10] + [0, 0.35 * height], shape[6] + [0, 0.35 * height]])
    cv2.fillConvexPoly(labels, neck.astype(np.int32), cv2.GC_FGD)
    return labels


def near_frontal(aligned: NDArray[np.float64], *, strangest: float = 0.03, turn: float = 0.13) -> NDArray[np.bool_]:
    """Which shapes are kept: the nose near the middle of the jaw's ends, and not among the `strangest` share.

    Args:
        aligned: ``(N, 68, 2)``, units.
        turn: greatest sideways distance of the nose's tip from the middle, units.
    """
    off = aligned[:, 30, 0] - (aligned[:, [0, 1, 15, 16], 0]).mean(axis=1)
    kept = np.abs(off - np.median(off)) < turn
    flat = aligned.reshape(len(aligned), -1)
    centred = flat - flat[kept].mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(centred[kept].T))
    largest = slice(-30, None)
    distance = (((centred @ vectors[:, largest]) ** 2) / values[largest]).sum(axis=1)
    result: NDArray[np.bool_] = kept & (distance < np.quantile(distance[kept], 1 - strangest))
    return result


def warp_folder(
    folder: Path,
    jobs: list[tuple[str, NDArray[np.float32], NDArray[np.float64]]],
    mean_shape: NDArray[np.float64],
    cache: Path,
    *,
    workers: int,
    progress: Progress,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Textures, seen and person of every job (see `Frontal`), as read-only memory maps below `cache`."""
    shapes = {"textures": (SIDE, SIDE, 3), "seen": (CUT_SIDE, CUT_SIDE), "persons": (CUT_SIDE, CUT_SIDE)}
    paths = [cache / f"{name}.npy" for name in shapes]
    done = cache / "frontal.done"
    if not done.exists():
        cache.mkdir(parents=True, exist_ok=True)
        arrays = [
            np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(len(jobs), *shape))
            for path, shape in zip(paths, shapes.values(), strict=True)
        ]
        with progress.bar("warp", total=len(jobs), unit="photo") as bar:
            one = partial(warp_to_mean, folder=folder, mean_shape=mean_shape)
            for row, face in enumerate(map_in_processes(one, jobs, workers=workers, bar=bar)):
                arrays[0][row] = face.texture
                arrays[1][row] = cv2.resize(face.seen, (CUT_SIDE, CUT_SIDE), interpolation=cv2.INTER_AREA)
                arrays[2][row] = face.person
        for array in arrays:
            array.flush()
        done.touch()
    textures, seen, persons = (np.load(path, mmap_mode="r") for path in paths)
    return textures, seen, persons
