"""The detector without a network: landmarks say where a mask would be, colour says whether and where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.acquisition.alignment import CROP_PADDING
from benchmark.acquisition.landmarks import place_landmarks
from benchmark.faces import Image, Points
from benchmark.methods.base import MethodCard
from benchmark.methods.detectors.base import Detector
from benchmark.methods.detectors.found_region import cleaned
from benchmark.plugins import register_method

Region = NDArray[np.bool_]
_SIDE = 64
"""Faces are looked at in this size, pixels: colours are averaged, and a face takes ten milliseconds."""
_LANDMARK_SIDE = 128
"""dlib's predictor is steadier on an enlarged copy."""
_CROSS = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
_SQUARE = np.ones((3, 3), dtype=np.uint8)
_FEWEST = 5
"""Pixels of skin, and of the mouth, without which nothing can be said."""


@dataclass(frozen=True)
class ColourTest:
    """Colours are CIE Lab as OpenCV stores them in bytes: L, a and b each 0 to 255.

    Attributes:
        less_red: a mouth whose median a is so far below the skin's is covered: lips are redder than cheeks.
        plain: a mouth whose lightness deviates less than this from its median (median absolute deviation) is covered:
            lips, teeth and shadows vary more.
        lightness: weight of L in distances between colours; shading changes it, and hue not.
        farthest: a pixel farther than this from every colour of the mask is none of it.
        colours: of the mask, by k-means.
        reach: the region searched is the lower face, this many times as wide.
    """

    less_red: float
    plain: float
    lightness: float
    farthest: float
    colours: int
    reach: float


@register_method("landmarks")
class LandmarksDetector(Detector):
    """Detector: the lower face by its landmarks, covered if its colour is not that of skin and lips; learns nothing.

    1. The 68 landmarks are found on the masked face itself; those of the raw photo would be privileged.
    2. Skin is what is above the brows, under the eyes and between them. The mouth is covered if it is less red than
       this skin, or as plain as cloth; otherwise there is no mask. So a mask of the colour of lips with a bold pattern
       is missed, and a beard is none.
    3. Starting from the colours of the mouth, the mask is what is nearer to them than to skin and hangs together with
       the mouth, within a widened outline of the lower face; once more with the colours then found; closed, and grown
       by one pixel of 64, its soft edge. Straps are left out.

    Its thresholds were chosen on training and validation people of faces-train and of the synthetic ones.
    """

    card = MethodCard(
        source="this project; landmarks: Kazemi and Sullivan, One Millisecond Face Alignment, CVPR 2014 (dlib)",
        licence="MIT; the landmark model is CC0, trained on iBUG 300-W, whose terms exclude commercial use",
        trained_on=("faces-train", "synthetic"),  # its thresholds
    )
    presets: ClassVar[dict[str, ColourTest]] = {
        "default": ColourTest(less_red=3.0, plain=4.0, lightness=0.4, farthest=30.0, colours=3, reach=1.3)
    }
    settings: ColourTest

    def detect(
        self,
        pixels: NDArray[np.uint8],
        true_holes: NDArray[np.uint8] | None,  # noqa: ARG002
        image_ids: tuple[str, ...],  # noqa: ARG002
    ) -> NDArray[np.uint8]:
        """The mask found on each face, ``uint8 (N, S, S)``."""
        size = pixels.shape[1]
        found = np.zeros(pixels.shape[:3], dtype=np.uint8)
        for row, face in enumerate(pixels):
            shrink = cv2.INTER_AREA if size > _SIDE else cv2.INTER_LINEAR
            small = np.asarray(cv2.resize(face, (_SIDE, _SIDE), interpolation=shrink), dtype=np.uint8)
            region = covered_region(small, landmarks_of_crop(small), self.settings)
            if region.any():
                enlarged = cv2.resize(region.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR)
                found[row] = np.where(np.asarray(enlarged) > 0.5, np.uint8(255), np.uint8(0))
        return found


def landmarks_of_crop(crop: Image) -> Points:
    """The 68 landmarks of an aligned crop ``uint8 (S, S, 3)``: alignment says where its face is."""
    enlarged = np.asarray(cv2.resize(crop, (_LANDMARK_SIDE, _LANDMARK_SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)
    edges = np.array([CROP_PADDING, 1 + CROP_PADDING]) / (1 + 2 * CROP_PADDING) * _LANDMARK_SIDE
    points = place_landmarks(enlarged, np.array([edges[0], edges[0], edges[1], edges[1]]))
    return np.asarray((points + 0.5) * (crop.shape[0] / _LANDMARK_SIDE) - 0.5, dtype=np.float32)


def covered_region(face: Image, landmarks: Points, test: ColourTest) -> Region:
    """Where a mask covers the face, ``bool (S, S)``; nowhere if none does.

    Args:
        face: ``uint8 (S, S, 3)``, S about 64.
        landmarks: ``(68, 2)``, found on it.
        test: thresholds.
    """
    size = face.shape[0]
    down = landmarks[8] - landmarks[27]
    length = float(np.linalg.norm(down))
    nothing: Region = np.zeros((size, size), dtype=np.bool_)
    if length < 1:
        return nothing
    down = down / length
    skin, mouth, eyes = _skin(landmarks, down, size), _mouth(landmarks, size), _eyes(landmarks, size)
    skin &= ~eyes
    lab = np.asarray(cv2.cvtColor(face, cv2.COLOR_RGB2Lab), dtype=np.float32)
    if min(skin.sum(), mouth.sum()) < _FEWEST or not _is_covered(lab, skin, mouth, test):
        return nothing
    rows, columns = np.mgrid[:size, :size]
    below = (columns - landmarks[27, 0]) * down[0] + (rows - landmarks[27, 1]) * down[1]
    corners = landmarks[[36, 39, 42, 45]]
    searched = _lower_face(landmarks, test.reach, size) & (below > ((corners - landmarks[27]) @ down).mean())
    searched &= ~skin & ~eyes
    blurred = cv2.GaussianBlur(lab * np.array([test.lightness, 1, 1], dtype=np.float32), (3, 3), 0)
    colours = np.asarray(blurred, dtype=np.float32)
    to_skin = _distance(colours, _main_colours(colours[skin], 2))
    found = mouth
    for _ in range(2):
        to_mask = _distance(colours, _main_colours(colours[found], test.colours))
        alike = (searched & (to_mask < to_skin) & (to_mask < test.farthest)) | mouth
        opened = cv2.morphologyEx(alike.astype(np.uint8), cv2.MORPH_OPEN, _SQUARE)
        found = _part_that_meets(np.asarray(opened) > 0, mouth)
    closed = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), dtype=np.uint8))
    filled = cleaned(np.asarray(closed) > 0, smallest=0.03)
    return np.asarray(cv2.dilate(filled, _CROSS)) > 0


def _is_covered(lab: NDArray[np.float32], skin: Region, mouth: Region, test: ColourTest) -> bool:
    inside = lab[mouth]
    less_red = np.median(lab[skin][:, 1]) - np.median(inside[:, 1])
    unevenness = np.median(np.abs(inside[:, 0] - np.median(inside[:, 0])))
    return bool(less_red > test.less_red or unevenness < test.plain)


def _skin(landmarks: Points, down: Points, size: int) -> Region:
    """Above the brows, under the eyes and between them: what no mask covers."""
    apart = float(np.linalg.norm(landmarks[36:42].mean(axis=0) - landmarks[42:48].mean(axis=0)))
    forehead = _polygon([landmarks[18:26], landmarks[18:26] - np.float32(0.35 * apart) * down], size)
    brows = _polygon([landmarks[17:22]], size) | _polygon([landmarks[22:27]], size)
    skin = forehead & ~_widened(brows)
    for lower_lid in (landmarks[[36, 41, 40, 39]], landmarks[[42, 47, 46, 45]]):
        skin |= _polygon([lower_lid + down * (0.06 * apart), lower_lid + down * (0.2 * apart)], size)
    return skin | _polygon([landmarks[[21, 22, 27, 39, 42]]], size)


def _mouth(landmarks: Points, size: int) -> Region:
    """The lips and what surrounds them, from under the nose to half-way down the chin."""
    lips = landmarks[48:60]
    centre = lips.mean(axis=0)
    chin = (landmarks[[57]] + landmarks[[8]]) / 2
    return _polygon([centre + 1.25 * (lips - centre), chin, centre + 0.8 * (landmarks[[33]] - centre)], size)


def _eyes(landmarks: Points, size: int) -> Region:
    return _widened(_polygon([landmarks[36:42]], size) | _polygon([landmarks[42:48]], size))


def _lower_face(landmarks: Points, reach: float, size: int) -> Region:
    """The jaw, widened from the middle between its upper ends, up to the bridge of the nose."""
    middle = landmarks[[2, 14]].mean(axis=0)
    return _polygon([middle + reach * (landmarks[1:16] - middle), landmarks[27:28]], size)


def _polygon(points: Sequence[NDArray[np.floating]], size: int) -> Region:
    """The convex hull of `points`."""
    region = np.zeros((size, size), dtype=np.uint8)
    corners = np.rint(np.vstack(points)).astype(np.int32)
    cv2.fillConvexPoly(region, cv2.convexHull(corners), 1)
    return region > 0


def _widened(region: Region) -> Region:
    return np.asarray(cv2.dilate(region.astype(np.uint8), _SQUARE)) > 0


def _main_colours(pixels: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Centres of at most `count` clusters of colours, ``(K, 3)``; the same for the same pixels."""
    cv2.setRNGSeed(0)  # k-means draws its first centres
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 10, 0.5)
    clusters = min(count, len(pixels))
    _, _, centres = cv2.kmeans(pixels, clusters, None, stop, 1, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    return np.asarray(centres, dtype=np.float32)


def _distance(colours: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance of each pixel's colour from the nearest of `centres`, ``(S, S)``."""
    distances: NDArray[np.float32] = np.linalg.norm(colours[:, :, None] - centres, axis=-1).min(axis=-1)
    return distances


def _part_that_meets(region: Region, core: Region) -> Region:
    """The connected part of `region` that shares most pixels with `core`; `core` itself where none does."""
    _, labels = cv2.connectedComponents(region.astype(np.uint8), connectivity=4)
    shared = np.bincount(np.asarray(labels)[core & region], minlength=2)
    shared[0] = 0
    return np.asarray(labels) == shared.argmax() if shared.any() else core
