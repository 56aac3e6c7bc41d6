"""A picture as text, so that it travels inside the page."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image as PillowImage

from benchmark.faces import Image


def picture_address(image: Image, *, side: int, quality: int) -> str:
    """The picture as a WebP in a ``data:`` address: without loss where it has two colours (a mask).

    Args:
        image: ``uint8 (S, S, 3)``.
        side: pixels at most; larger pictures are reduced.
        quality: of the lossy compression, 0 to 100.

    >>> picture_address(np.zeros((4, 4, 3), np.uint8), side=2, quality=80).partition(",")[0]
    'data:image/webp;base64'
    """
    picture = PillowImage.fromarray(np.ascontiguousarray(image))
    if max(picture.size) > side:
        picture.thumbnail((side, side), PillowImage.Resampling.LANCZOS)
    flat = bool((image[..., 0] == image[..., 1]).all()) and len(np.unique(image[..., 0])) <= 2
    content = io.BytesIO()
    picture.save(content, "WEBP", lossless=flat, quality=quality, method=4)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
