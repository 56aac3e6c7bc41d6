"""Reads one photograph, whatever state its file is in: upright 8-bit RGB of bounded size, or a reason why not."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageFile, UnidentifiedImageError

from benchmark.datasets.image_costs import DEFAULT_LIMITS, ReadingLimits
from benchmark.datasets.photo_formats import looks_like_an_image, readable_formats, unreadable_format
from benchmark.errors import ImageRefused
from benchmark.faces import Image

READING_VERSION = 2
"""Raised whenever the same file would give other pixels; part of every digest of photos."""
SMALLEST_SIDE = 16
"""Pixels; nothing smaller can hold a face that a detector would find."""
LONGEST_SIDE = 4096
"""Pixels; a larger photo is halved until it fits."""
_WIDE_WEIGHT = 4
"""A pixel of 32 bits per channel counts as so many: decoded and scaled, it needs as much memory."""
_MAX_SCANS = 100
"""Scans of a progressive JPEG; encoders write about ten. Each makes the decoder go over all pixels again."""
_START_OF_SCAN = b"\xff\xda"
_SNIFFED = 32
_ORIENTATION_TAG = 0x0112  # EXIF 2.3, table 4
_UPRIGHT = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}


def read_photo(path: Path, limits: ReadingLimits = DEFAULT_LIMITS) -> Image:
    """The photo in a file as ``uint8 (H, W, 3)`` RGB, upright. These are the pixels that every later step sees.

    * EXIF orientation is applied. Colour profiles are not: values are taken as sRGB.
    * 16-bit values are divided by 257, floats in [0, 1] multiplied by 255; nothing is clipped. 32-bit integers that are
      all at most 255 are taken for bytes and not changed.
    * Transparent pixels are drawn on white. Only the first frame of an animation is read.
    * A photo longer than `LONGEST_SIDE` is halved until it fits (12,000 becomes 3,000), JPEG already while decoding.

    Args:
        path: the file; its content decides the format, not its suffix.
        limits: what it may cost.

    Raises:
        ImageRefused: with one of a fixed set of reasons: ``file not found``, ``not a file``, ``empty file``,
            ``not an image``, ``truncated image``, ``corrupt image``, ``image smaller than 16×16 pixels``,
            ``image larger than 178 megapixels``, ``image of 32 bits per channel larger than 44.5 megapixels``,
            ``progressive JPEG of more than 100 scans``, ``decoding took more than 60 seconds of processor time``,
            ``too little memory to decode the image``, ``unsupported pixel format MODE``, ``unsupported pixel format:
            floats outside 0…255``, ``unsupported pixel format: integers of more than 16 bits``, ``file cannot be read:
            …``, or what is needed to read the format (``HEIF: to read it, pip install …``).
    """
    _check_file(path)
    return _decoded(path, lambda: _first_bytes(path), limits)


def read_encoded_photo(data: bytes, limits: ReadingLimits = DEFAULT_LIMITS) -> Image:
    """The photo in an encoded image that is already in memory; otherwise as `read_photo`."""
    if not data:
        raise ImageRefused("empty file")
    return _decoded(BytesIO(data), lambda: data[:_SNIFFED], limits)


def _decoded(source: Path | BytesIO, first_bytes: Callable[[], bytes], limits: ReadingLimits) -> Image:
    try:
        with (
            _strict_decoding(limits.max_pixels),
            _time_limit(limits.max_seconds),
            Pillow.open(source, formats=readable_formats()) as image,
        ):
            _check_side(image.size)
            _check_cost(image, source, limits)
            return _upright_rgb(image)
    except (ImageRefused, KeyboardInterrupt):
        raise
    except Pillow.DecompressionBombError:
        raise ImageRefused(f"image larger than {limits.max_megapixels:g} megapixels") from None
    except UnidentifiedImageError:
        start = first_bytes()
        unknown = "corrupt image" if looks_like_an_image(start) else "not an image"
        raise ImageRefused(unreadable_format(start) or unknown) from None
    except MemoryError:
        raise ImageRefused("too little memory to decode the image") from None
    except Exception as error:  # decoders raise anything on damaged files: struct.error, SyntaxError, KeyError, …
        if isinstance(error, OSError) and error.strerror:
            raise ImageRefused(f"file cannot be read: {error.strerror}") from error
        truncated = isinstance(error, EOFError) or "truncated" in str(error).lower()
        raise ImageRefused("truncated image" if truncated else "corrupt image") from error


def _check_file(path: Path) -> None:
    try:
        if not path.exists():
            raise ImageRefused("file not found")
        if not path.is_file():  # opening a pipe would wait for ever
            raise ImageRefused("not a file")
        if path.stat().st_size == 0:
            raise ImageRefused("empty file")
    except OSError as error:
        raise ImageRefused(f"file cannot be read: {error.strerror}") from error


def _first_bytes(path: Path) -> bytes:
    with suppress(OSError), path.open("rb") as file:
        return file.read(_SNIFFED)
    return b""


def _check_side(size: tuple[int, int]) -> None:
    if min(size) < SMALLEST_SIDE:
        raise ImageRefused(f"image smaller than {SMALLEST_SIDE}×{SMALLEST_SIDE} pixels")


def _check_cost(image: Pillow.Image, source: Path | BytesIO, limits: ReadingLimits) -> None:
    """Refuse what would take gibibytes or minutes to decode, before it is decoded."""
    pixels = image.width * image.height
    if pixels > limits.max_pixels:
        raise ImageRefused(f"image larger than {limits.max_megapixels:g} megapixels")
    if image.mode in ("I", "F") and pixels * _WIDE_WEIGHT > limits.max_pixels:
        most = limits.max_megapixels / _WIDE_WEIGHT
        raise ImageRefused(f"image of 32 bits per channel larger than {most:g} megapixels")
    if image.info.get("progressive"):
        data = source.read_bytes() if isinstance(source, Path) else source.getvalue()
        scans = data.count(_START_OF_SCAN)
        if scans > _MAX_SCANS:
            raise ImageRefused(f"progressive JPEG of more than {_MAX_SCANS} scans")


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Refuse the image after so many seconds of processor time; without effect where no timer can be set."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def refuse(*_: object) -> None:
        raise ImageRefused(f"decoding took more than {seconds:g} seconds of processor time")

    before = signal.signal(signal.SIGPROF, refuse)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def _strict_decoding(max_pixels: int) -> Iterator[None]:
    """Truncated files are errors even where a library has told Pillow otherwise; Pillow's warnings are not shown.

    Pillow's own limit, which is twice its setting, is never the narrower one.
    """
    lenient, bomb = ImageFile.LOAD_TRUNCATED_IMAGES, Pillow.MAX_IMAGE_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    Pillow.MAX_IMAGE_PIXELS = max_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES, Pillow.MAX_IMAGE_PIXELS = lenient, bomb


def _upright_rgb(image: Pillow.Image) -> Image:
    factor = 1
    while max(image.size) > LONGEST_SIDE * factor:
        factor *= 2
    if factor > 1:
        wanted = tuple(-(-side // factor) for side in image.size)
        image.draft(None, (image.width // factor, image.height // factor))  # JPEG alone can; 1/8 at most
        image.load()
        factor = max(1, round(max(image.size) / max(wanted)))
    else:
        quick = _quickly_decoded(image)
        if quick is not None:
            return quick
        image.load()
    orientation = _orientation(image)  # after load: Pillow turns TIFF itself and then forgets the tag
    rgb = _to_rgb(image, factor)
    _check_side(rgb.size)
    if orientation in _UPRIGHT:
        rgb = rgb.transpose(_UPRIGHT[orientation])
    return np.array(rgb, dtype=np.uint8)


def _quickly_decoded(image: Pillow.Image) -> Image | None:
    """The pixels of a plain upright JPEG, by simplejpeg: the same ones in half of the time.

    None where simplejpeg is not installed or complains of anything: Pillow then says what is wrong.
    """
    decoder = _jpeg_decoder()
    plain = image.format == "JPEG" and image.mode == "RGB" and not image.info.get("progressive")
    if decoder is None or not plain or _orientation(image) in _UPRIGHT:
        return None
    file = image.fp  # type: ignore[attr-defined]
    file.seek(0)
    with suppress(ValueError):
        return np.asarray(decoder(file.read(), "RGB"), dtype=np.uint8)
    return None


@cache
def _jpeg_decoder() -> Callable[..., Any] | None:
    try:
        from simplejpeg import decode_jpeg  # noqa: PLC0415  # an optional extra
    except ImportError:
        return None
    decoder: Callable[..., Any] = decode_jpeg
    return decoder


def _orientation(image: Pillow.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # a damaged EXIF block is no reason to refuse the pixels
        return 1


def _to_rgb(image: Pillow.Image, factor: int) -> Pillow.Image:
    """8-bit RGB, reduced by the whole `factor`, in the order that needs the least memory."""
    if image.mode.startswith("I") or image.mode == "F":
        return _reduced(Pillow.fromarray(_to_8_bit(np.asarray(image))), factor).convert("RGB")
    if image.mode == "1":
        image = image.convert("L")
    if image.has_transparency_data:
        layered = _reduced(image if image.mode == "RGBA" else image.convert("RGBA"), factor)
        white = Pillow.new("RGBA", layered.size, "white")
        return Pillow.alpha_composite(white, layered).convert("RGB")
    if image.mode in ("L", "RGB", "CMYK", "YCbCr"):
        reduced = _reduced(image, factor)
        return reduced if reduced.mode == "RGB" else reduced.convert("RGB")  # `convert` would copy it
    try:
        return _reduced(image.convert("RGB"), factor)
    except ValueError:
        raise ImageRefused(f"unsupported pixel format {image.mode}") from None


def _reduced(image: Pillow.Image, factor: int) -> Pillow.Image:
    return image.reduce(factor) if factor > 1 else image


def _to_8_bit(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """One channel of 16-bit or 32-bit integers, or of floats, scaled to 0…255."""
    if np.issubdtype(values.dtype, np.floating):
        low, high = float(values.min()), float(values.max())  # NaN if any value is
        if not (low >= 0 and high <= 255):
            raise ImageRefused("unsupported pixel format: floats outside 0…255")
        factor = np.float32(255 if high <= 1 else 1)
        return _in_strips(values, lambda strip: np.rint(strip.astype(np.float32) * factor))
    if int(values.min()) < 0 or int(values.max()) > 0xFFFF:
        raise ImageRefused("unsupported pixel format: integers of more than 16 bits")
    if values.dtype.itemsize > 2 and int(values.max()) <= 0xFF:
        return values.astype(np.uint8)  # bytes that another program stored in 32 bits
    return _in_strips(values, lambda strip: (strip.astype(np.uint32) + 128) // 257)


def _in_strips(
    values: NDArray[np.generic], scale: Callable[[NDArray[np.generic]], NDArray[np.generic]]
) -> NDArray[np.uint8]:
    """`values` scaled a few rows at a time: a large photo in 32 bits would fill the memory."""
    scaled = np.empty(values.shape, dtype=np.uint8)
    for top in range(0, len(values), 256):
        scaled[top : top + 256] = scale(values[top : top + 256])
    return scaled
