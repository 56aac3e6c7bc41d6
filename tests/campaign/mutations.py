"""Image files of every format that is read, and what can happen to them on the way."""

from __future__ import annotations

import random
from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image

SUFFIXES = ("jpg", "jpeg", "png", "tif", "webp", "bmp", "gif", "jp2", "mpo", "heic", "txt", "")


def sound_images(picture: Image.Image) -> dict[str, bytes]:
    """One picture in every format and kind of pixels, encoded."""
    grey = np.asarray(picture.convert("L"))
    sixteen = Image.fromarray(grey.astype(np.uint16) * 257)
    floating = Image.fromarray(grey.astype(np.float32) / 255)
    turned = Image.Exif()
    turned[0x0112] = 6
    second = picture.rotate(90)
    return {
        "jpeg": _encoded(picture, "JPEG", exif=turned),
        "jpeg progressive": _encoded(picture, "JPEG", progressive=True),
        "jpeg grey": _encoded(picture.convert("L"), "JPEG"),
        "jpeg cmyk": _encoded(picture.convert("CMYK"), "JPEG"),
        "png": _encoded(picture, "PNG"),
        "png transparent": _encoded(picture.convert("RGBA"), "PNG"),
        "png palette": _encoded(picture.convert("P"), "PNG", transparency=3),
        "png 16 bits": _encoded(sixteen, "PNG"),
        "png 1 bit": _encoded(picture.convert("1"), "PNG"),
        "png animated": _encoded(picture, "PNG", save_all=True, append_images=[second]),
        "tiff": _encoded(picture, "TIFF"),
        "tiff lzw": _encoded(picture, "TIFF", compression="tiff_lzw"),
        "tiff jpeg": _encoded(picture, "TIFF", compression="jpeg"),
        "tiff 16 bits": _encoded(sixteen, "TIFF"),
        "tiff float": _encoded(floating, "TIFF"),
        "webp": _encoded(picture, "WEBP"),
        "webp lossless": _encoded(picture.convert("RGBA"), "WEBP", lossless=True),
        "bmp": _encoded(picture, "BMP"),
        "bmp palette": _encoded(picture.convert("P"), "BMP"),
        "gif": _encoded(picture.convert("P"), "GIF", save_all=True, append_images=[second.convert("P")]),
        "jpeg 2000": _encoded(picture, "JPEG2000"),
        "ppm": _encoded(picture, "PPM"),
    }


def _encoded(picture: Image.Image, form: str, **settings: object) -> bytes:
    stream = BytesIO()
    picture.save(stream, form, **settings)
    return stream.getvalue()


Mutation = Callable[[bytearray, random.Random], bytearray]


def _flip_bits(data: bytearray, choice: random.Random) -> bytearray:
    for _ in range(choice.choice((1, 1, 2, 8, 64))):
        data[choice.randrange(len(data))] ^= 1 << choice.randrange(8)
    return data


def _truncate(data: bytearray, choice: random.Random) -> bytearray:
    return data[: choice.choice((0, 1, 7, choice.randrange(len(data)), len(data) - 1))]


def _insert(data: bytearray, choice: random.Random) -> bytearray:
    at = choice.randrange(len(data))
    data[at:at] = choice.randbytes(choice.choice((1, 3, 200)))
    return data


def _cut_out(data: bytearray, choice: random.Random) -> bytearray:
    at = choice.randrange(len(data))
    del data[at : at + choice.choice((1, 4, 100))]
    return data


def _edit_header(data: bytearray, choice: random.Random) -> bytearray:
    for _ in range(choice.choice((1, 2, 4))):
        data[choice.randrange(min(64, len(data)))] = choice.choice((0, 1, 0x7F, 0x80, 0xFF, choice.randrange(256)))
    return data


def _claim_large(data: bytearray, choice: random.Random) -> bytearray:
    """A number near the beginning becomes huge: perhaps a side, a length or an offset."""
    at = choice.randrange(min(80, len(data) - 4))
    width = choice.choice((2, 4))
    large = choice.choice((0xFFFFFFFF, 0x7FFFFFFF, 0x0000FFFF, 0x00010000, 100_000))
    data[at : at + width] = (large & (256**width - 1)).to_bytes(width, choice.choice(("big", "little")))
    return data


def _blank(data: bytearray, choice: random.Random) -> bytearray:
    at = choice.randrange(len(data))
    length = min(choice.choice((16, 512, 5000)), len(data) - at)
    data[at : at + length] = bytes([choice.choice((0, 0xFF))]) * length
    return data


def _repeat(data: bytearray, choice: random.Random) -> bytearray:
    at = choice.randrange(len(data))
    return data + data[at:] * choice.choice((1, 5, 200))


def _swap(data: bytearray, choice: random.Random) -> bytearray:
    at = choice.randrange(len(data))
    return data[at:] + data[:at]


def _leave(data: bytearray, choice: random.Random) -> bytearray:
    """Only the suffix is wrong."""
    return data


MUTATIONS: dict[str, Mutation] = {
    "bits flipped": _flip_bits,
    "truncated": _truncate,
    "bytes inserted": _insert,
    "bytes cut out": _cut_out,
    "header edited": _edit_header,
    "large number": _claim_large,
    "stretch blanked": _blank,
    "repeated": _repeat,
    "swapped": _swap,
    "unchanged": _leave,
}
