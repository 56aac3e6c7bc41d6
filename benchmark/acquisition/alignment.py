"""Crops a face in a frame that every recogniser's template fits into, and pastes a changed crop back."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry, Image, Points, move_points

Matrix = NDArray[np.float64]
"""``float64 (2, 3)``, affine, pixels to pixels."""

CROP_PADDING = 0.55
"""Margin round dlib's mean-shape square, as a share of its side: the crop is 2.1 such squares wide, 1.4 times the chip
of dlib's recogniser, and holds the whole mask, its ear loops and every recogniser's template."""
SOFT_BORDER = 0.06
"""Width of the band along the crop's edge, as a share of its side, in which a pasted crop fades into the photo."""

_SMALLEST_FACE = 0.5
"""Half the width of a face, pixels of the photo, below which its landmarks mean nothing."""

_ALIGNED_POINTS = (*range(27, 55), *range(60, 65))
"""Bridge and base of the nose, eyes and upper lip; as in dlib, neither eyebrows nor lower lip, which expression moves
most, nor the jaw line, which a turned head and a mask move."""
_MEAN_SHAPE = np.array(
    [
        *((0.490127, 0.203352), (0.490127, 0.307009), (0.490127, 0.409805), (0.490127, 0.515625)),
        *((0.366880, 0.587326), (0.426036, 0.609345), (0.490127, 0.628106), (0.554217, 0.609345), (0.613373, 0.587326)),
        *((0.121737, 0.216423), (0.187122, 0.178758), (0.265825, 0.179852)),
        *((0.334606, 0.231733), (0.260918, 0.245099), (0.182743, 0.244077)),
        *((0.645647, 0.231733), (0.714428, 0.179852), (0.793132, 0.178758)),
        *((0.858516, 0.216423), (0.797510, 0.244077), (0.719335, 0.245099)),
        *((0.254149, 0.780233), (0.340985, 0.745405), (0.428858, 0.727388), (0.490127, 0.742578)),
        *((0.551395, 0.727388), (0.639268, 0.745405), (0.726104, 0.780233)),
        *((0.290379, 0.784792), (0.428096, 0.778746), (0.490127, 0.785343), (0.552157, 0.778746), (0.689874, 0.784792)),
    ]
)
"""Where `_ALIGNED_POINTS` are in the mean-shape square: dlib's ``get_face_chip_details`` (image_transforms)."""


def crop_matrix(face: FaceGeometry, size: int) -> Matrix:
    """The similarity from photo to crop, ``float64 (2, 3)``.

    The least-squares similarity between the face's landmarks and dlib's mean shape, in dlib's chip frame of padding
    `CROP_PADDING`. It uses 33 points from eyes to upper lip, so a single badly placed point hardly moves the crop.

    Args:
        face: its geometry in pixels of the photo.
        size: side of the crop, pixels.

    Raises:
        ImageRefused: the landmarks are all in one place.
    """
    places = (CROP_PADDING + _MEAN_SHAPE) / (1 + 2 * CROP_PADDING) * size
    return _similarity(face.landmarks[list(_ALIGNED_POINTS)], places)


def crop_face(photo: Image, face: FaceGeometry, size: int) -> tuple[Image, FaceGeometry]:
    """The aligned crop and the face's geometry in it.

    Pixels are averaged before they are scaled down, so that 12 megapixels become 64 pixels without aliasing. Outside
    the photo the crop is black, as dlib's chips are: methods would learn from repeated border pixels as if from a face.

    Args:
        photo: ``uint8 (H, W, 3)``.
        face: its geometry in pixels of `photo`.
        size: side of the crop, pixels.

    Returns:
        ``uint8 (size, size, 3)`` and the geometry in pixels of the crop.

    Raises:
        ImageRefused: the landmarks are all in one place.
    """
    matrix = crop_matrix(face, size)
    return resample(photo, matrix, width=size, height=size), face.moved(matrix)


def reduced_for_crop(photo: Image, face: FaceGeometry, size: int) -> tuple[Image, FaceGeometry]:
    """The photo and its face, averaged down to one pixel for each pixel of a crop of `size`.

    What is drawn on the photo and then cropped needs no more pixels than the crop can show. A photo that has fewer is
    returned as it is.

    Args:
        photo: ``uint8 (H, W, 3)``; not changed.
        face: its geometry in pixels of `photo`.
        size: side of the crop, pixels.

    Returns:
        ``uint8 (h, w, 3)`` and the geometry in its pixels.

    Raises:
        ImageRefused: the landmarks are all in one place.
    """
    matrix = crop_matrix(face, size)
    factor = math.hypot(matrix[0, 0], matrix[1, 0])
    if factor >= 1:
        return photo, face
    reduced, back = _averaged(photo, np.eye(2, 3), factor=factor)  # back: pixels of the reduced photo to the photo's
    return reduced, face.moved(_inverse(back))


def quickly_cropped(photo: Image, face: FaceGeometry, size: int) -> tuple[Image, FaceGeometry]:
    """As `crop_face`, faster for a face that fills the crop.

    The photo is halved while it keeps a pixel for each of the crop. A blur then does for the four places of the photo
    that `crop_face` averages for each of the crop's pixels.

    Args:
        photo: ``uint8 (H, W, 3)``.
        face: its geometry in pixels of `photo`.
        size: side of the crop, pixels.

    Returns:
        ``uint8 (size, size, 3)`` and the geometry in pixels of the crop.

    Raises:
        ImageRefused: the landmarks are all in one place.
    """
    matrix = crop_matrix(face, size)
    smaller, factor = halved(photo, longest=math.ceil(max(photo.shape[:2]) * math.hypot(matrix[0, 0], matrix[1, 0])))
    moved = matrix.copy()
    moved[:, :2] *= factor
    moved[:, 2] += matrix[:, :2].sum(axis=1) * (factor - 1) / 2  # pixel centres
    part, moved = _seen_part(smaller, moved, width=size, height=size)
    apart = 0.25 / math.hypot(moved[0, 0], moved[1, 0])
    kernel = np.array([apart**2 / 2, 1 - apart**2, apart**2 / 2])  # spreads as far as those four places do
    soft = cv2.sepFilter2D(part, -1, kernel, kernel)
    crop = cv2.warpAffine(soft, moved, (size, size), flags=cv2.INTER_LINEAR)
    return _pixels(crop), face.moved(matrix)


def fills_crop(photo: Image, face: FaceGeometry, size: int) -> bool:
    """Whether no part of a crop of `size` is outside the photo, and the photo has a pixel for each of the crop's.

    Args:
        photo: ``uint8 (H, W, 3)``.
        face: its geometry in pixels of `photo`.
        size: side of the crop, pixels.

    Raises:
        ImageRefused: the landmarks are all in one place.
    """
    matrix = crop_matrix(face, size)
    back = _inverse(matrix)
    outer = np.array([(-0.5, -0.5), (size - 0.5, -0.5), (size - 0.5, size - 0.5), (-0.5, size - 0.5)])
    corners = outer @ back[:, :2].T + back[:, 2]
    inside = (corners >= 0) & (corners <= np.array(photo.shape[1::-1]) - 1)
    return math.hypot(matrix[0, 0], matrix[1, 0]) <= 1 and bool(inside.all())


def corners_in_crop(photo: Image, face: FaceGeometry, size: int) -> Points:
    """Where the corners of the photo are in the crop of `crop_face`.

    Args:
        photo: ``uint8 (H, W, 3)``.
        face: its geometry in pixels of `photo`.
        size: side of the crop, pixels.

    Returns:
        ``float32 (4, 2)``, pixels of the crop: top left, top right, bottom right, bottom left. They are the outer
        corners of the corner pixels, half a pixel from their centres.
    """
    right, bottom = photo.shape[1] - 0.5, photo.shape[0] - 0.5
    corners = np.array([(-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom)], dtype=np.float32)
    return move_points(corners, crop_matrix(face, size))


def photo_area(corners: Points, size: int) -> NDArray[np.bool_]:
    """The pixels of a crop, ``bool (size, size)``, whose centres are inside the photo.

    Args:
        corners: ``float32 (4, 2)``, as `corners_in_crop` gives them.
        size: side of the crop, pixels.
    """
    rows, columns = np.mgrid[:size, :size]
    inside = np.ones((size, size), dtype=np.bool_)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        (across, down), (left, top) = end - start, start
        inside &= across * (rows - top) - down * (columns - left) >= 0  # to the right of every edge
    return inside


def paste_back(photo: Image, crop: Image, matrix: Matrix) -> Image:
    """The photo with a restored crop in its place.

    The crop replaces the photo's pixels inside its frame and fades into them along a band of `SOFT_BORDER`; nothing
    outside the frame changes. An unchanged crop returns the photo except for the blur of resampling it twice.

    Args:
        photo: ``uint8 (H, W, 3)``; not changed.
        crop: ``uint8 (S, S, 3)``.
        matrix: that of `crop_matrix`, photo to crop.

    Returns:
        ``uint8 (H, W, 3)``.
    """
    size = crop.shape[0]
    back = _inverse(matrix)
    crop = _continued(crop, matrix, back, width=photo.shape[1], height=photo.shape[0])
    corners = np.array([(-0.5, -0.5), (size, -0.5), (size, size), (-0.5, size)]) @ back[:, :2].T + back[:, 2]
    left, top = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)) + 1, photo.shape[1::-1]).astype(int)
    pasted = photo.copy()
    if right <= left or bottom <= top:
        return pasted
    back[:, 2] -= (left, top)
    width, height = int(right - left), int(bottom - top)
    pixels = resample(crop, back, width=width, height=height).astype(np.float32)
    weights = cv2.warpAffine(_soft_frame(size), back, (width, height), flags=cv2.INTER_LINEAR)[:, :, None]
    before = photo[top:bottom, left:right].astype(np.float32)
    blended = before + weights * (pixels - before)
    pasted[top:bottom, left:right] = np.rint(blended).astype(np.uint8)
    return pasted


def _similarity(points: Points, places: NDArray[np.float64]) -> Matrix:
    """The similarity (rotation, scale, shift) whose inverse takes `places` nearest to `points`, each ``(K, 2)``.

    In complex numbers z → a z + b there is a closed least-squares solution: a is the regression of the centred points
    on the centred places (Umeyama 1991 in two dimensions). As in dlib, distances in the photo are minimised.
    """
    found, wanted = points.astype(np.float64) @ (1, 1j), places @ (1, 1j)
    centred = wanted - wanted.mean()
    turn = np.vdot(centred, found) / np.vdot(centred, centred)
    if not abs(turn) * np.abs(centred).max() > _SMALLEST_FACE:
        raise ImageRefused("the landmarks do not form a face: they are all at one point")
    turn = 1 / turn
    shift = wanted.mean() - turn * found.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _continued(crop: Image, matrix: Matrix, back: Matrix, *, width: int, height: int) -> Image:
    """`crop`, its pixels outside the photo replaced by the nearest ones inside, so no black bleeds into the paste."""
    limits = np.array([width, height]) - 1
    tainted = max(2.0, 1.5 * math.hypot(back[0, 0], back[1, 0]))  # how far resampling carried the black, photo pixels
    low = np.minimum(tainted, limits / 2)
    last = crop.shape[0] - 1
    corners = np.array([(0, 0), (last, 0), (last, last), (0, last)]) @ back[:, :2].T + back[:, 2]
    if (corners >= low).all() and (corners <= limits - low).all():
        return crop
    columns, rows = np.meshgrid(*(np.arange(side, dtype=np.float64) for side in crop.shape[1::-1]))
    places = np.stack([columns, rows], axis=-1) @ back[:, :2].T + back[:, 2]
    nearest = np.clip(places, low, limits - low)
    moved = (nearest != places).any(axis=-1, keepdims=True)
    across, down = np.moveaxis((nearest @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32), -1, 0)
    filled = cv2.remap(crop, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return _pixels(np.where(moved, filled, crop))


def resample(image: Image, matrix: Matrix, *, width: int, height: int) -> Image:
    """`image` moved by a similarity into a frame of `width` × `height`; black outside; averaged if scaled down.

    Enlarging is one cubic warp. To scale down, the visible part of the image is first averaged down to twice the size,
    then warped, then halved by averaging: work and memory depend only on that part.
    """
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    if scale >= 1:
        return _pixels(cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_CUBIC))
    part, matrix = _seen_part(image, matrix, width=width, height=height)
    if 2 * scale < 1:
        part, matrix = _averaged(part, matrix, factor=2 * scale)
    doubled = 2 * matrix
    doubled[:, 2] += 0.5  # pixel centres: x → 2x + ½
    large = cv2.warpAffine(part, doubled, (2 * width, 2 * height), flags=cv2.INTER_LINEAR)
    return _pixels(cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA))


def _seen_part(image: Image, matrix: Matrix, *, width: int, height: int) -> tuple[Image, Matrix]:
    """The rectangle of `image` that the frame sees, with a margin, and the matrix that belongs to it."""
    back = _inverse(matrix)
    corners = (
        np.array([(-2, -2), (width + 1, -2), (width + 1, height + 1), (-2, height + 1)]) @ back[:, :2].T + back[:, 2]
    )
    limits = np.array(image.shape[1::-1])
    left, top = np.clip(np.floor(corners.min(axis=0)), 0, limits - 1).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=0)) + 1, (left + 1, top + 1), limits).astype(int)
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ (left, top)
    return image[top:bottom, left:right], moved


def halved(image: Image, *, longest: int) -> tuple[Image, int]:
    """`image` averaged down by the largest power of two that leaves it `longest` pixels or longer, and that power.

    Several times as fast as averaging by a factor that is no whole number. Of an odd number of rows or columns the last
    is left out.

    >>> halved(np.zeros((700, 1001, 3), np.uint8), longest=500)[0].shape
    (350, 500, 3)
    """
    factor = 1
    while max(image.shape[:2]) // 2 >= longest and min(image.shape[:2]) >= 2:
        height, width = (side // 2 for side in image.shape[:2])
        even = image[: 2 * height, : 2 * width]
        image = _pixels(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
        factor *= 2
    return image, factor


def _averaged(image: Image, matrix: Matrix, *, factor: float) -> tuple[Image, Matrix]:
    """`image` shrunk by about `factor` through averaging, and the matrix that belongs to it."""
    height, width = image.shape[:2]
    size = (max(1, math.ceil(width * factor)), max(1, math.ceil(height * factor)))
    shrunk = _pixels(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    stretch = np.array([width / size[0], height / size[1]])
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ ((stretch - 1) / 2)  # pixel centres: x = (x' + ½) · stretch − ½
    moved[:, :2] *= stretch
    return shrunk, moved


def _soft_frame(size: int) -> NDArray[np.float32]:
    """``float32 (size, size)``: 1 inside, falling to 0 at the edge."""
    distance = np.minimum(np.arange(size), np.arange(size)[::-1]) / (SOFT_BORDER * size)
    ramp = np.clip(distance, 0, 1).astype(np.float32)
    return np.minimum.outer(ramp, ramp)


def _inverse(matrix: Matrix) -> Matrix:
    return np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64)


def _pixels(image: NDArray[Any]) -> Image:
    """OpenCV's types do not say that pixels stay bytes."""
    return np.asarray(image, dtype=np.uint8)
