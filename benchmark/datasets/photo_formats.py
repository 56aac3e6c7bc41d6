"""Which files are photos: decided by their first bytes, not by their names."""

from __future__ import annotations

import stat
import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

PHOTO_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("avif", "bmp", "dib", "gif", "heic", "heif", "hif", "j2k", "jfif", "jp2", "jpe", "jpeg", "jpf", "jpg", "jpx"),
        *("mpo", "pbm", "pgm", "png", "pnm", "ppm", "tif", "tiff", "webp"),
    )
)
"""Suffixes, in lower case, of files that say they are photos. One of them that holds no image is a photo that cannot be
read, which is a failure that counts; any other file without an image is passed over."""

# Formats that are decoded without starting another program (as EPS would) and that cameras and the web write.
_FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP")
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"RIFF")
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_UNREAD_FORMATS = {
    b"8BPS": "a Photoshop file",
    b"\xff\x0a": "JPEG XL",
    b"\x00\x00\x00\x0cJXL ": "JPEG XL",
    b"%PDF": "a PDF",
    b"%!PS": "PostScript",
    b"\x00\x00\x01\x00": "an icon",
}
_RAW_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("3fr", "arw", "cr2", "cr3", "dng", "iiq", "kdc", "nef", "nrw", "orf", "pef", "raf", "rw2", "rwl", "sr2"),
        *("srf", "srw"),
    )
)
"""Of cameras' own files. Many begin as TIFF does, and what a TIFF reader finds in them is a small preview."""
_SNIFFED = 32


@cache
def readable_formats() -> tuple[str, ...]:
    """Names of the formats that are read here, as Pillow has them; HEIF is one of them where pillow-heif is installed.

    Which ones these are depends on how Pillow was built.
    """
    Pillow.init()
    if find_spec("pillow_heif") is not None:
        from pillow_heif import register_heif_opener  # noqa: PLC0415  # an optional extra

        register_heif_opener(thumbnails=False)
    return tuple(name for name in _FORMATS if name in Pillow.OPEN)


def looks_like_an_image(first_bytes: bytes) -> bool:
    """Whether the data starts as a JPEG, PNG, GIF, BMP, TIFF or WebP file does.

    >>> looks_like_an_image(b"\\x89PNG\\r\\n"), looks_like_an_image(b"hello")
    (True, False)
    """
    return first_bytes.startswith(_SIGNATURES)


def unreadable_format(first_bytes: bytes) -> str:
    """What is needed to read an image that is known by its first bytes but not read here; empty if none is known.

    Args:
        first_bytes: at least 12 of them.

    >>> unreadable_format(b"8BPS" + bytes(8)), unreadable_format(b"\\xff\\xd8\\xff" + bytes(9))
    ('a Photoshop file: convert it to JPEG or PNG', '')
    """
    named = (name for signature, name in _UNREAD_FORMATS.items() if first_bytes.startswith(signature))
    found = next(named, "")
    return f"{found}: convert it to JPEG or PNG" if found else missing_software(first_bytes)


def missing_software(first_bytes: bytes) -> str:
    """What must be installed to read a photo whose format is read elsewhere; empty where nothing is missing.

    Args:
        first_bytes: at least 12 of them.
    """
    if is_heif(first_bytes) and "HEIF" not in readable_formats():
        return "HEIF: to read it, pip install 'unmask-benchmark[heif]'"
    if _brand(first_bytes) in _AVIF_BRANDS and "AVIF" not in readable_formats():
        return "AVIF: this build of Pillow cannot read it; convert it to JPEG or PNG"
    return ""


def is_heif(first_bytes: bytes) -> bool:
    """Whether the data starts as a HEIF file (HEIC) does: ISO/IEC 23008-12, section 10.

    >>> is_heif(b"\\0\\0\\0\\x18ftypheic")
    True
    """
    return _brand(first_bytes) in _HEIF_BRANDS


def why_no_photo(path: Path) -> str:
    """Why a file is passed over when a folder is searched for photos; empty if it is a photo.

    A file whose suffix is one of `PHOTO_SUFFIXES` is a photo even if it is damaged or absent (a broken link): reading
    it gives the reason, and it counts as a failure. A photo that cannot be read only because software is not installed
    is not a failure of the recogniser, and is passed over.

    Args:
        path: any file.
    """
    suffix = path.suffix.lower()
    if suffix in _RAW_SUFFIXES:
        return "a camera's raw file: export it as JPEG or PNG"
    claims = suffix in PHOTO_SUFFIXES
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            return "" if claims else "not a regular file"
        with path.open("rb") as file:
            first_bytes = file.read(_SNIFFED)
    except OSError as error:
        return "" if claims else f"cannot be opened: {error.strerror}"
    if claims:
        return missing_software(first_bytes)
    if not first_bytes:
        return "empty file"
    return unreadable_format(first_bytes) or ("" if _opens(path) else "not an image")


def _opens(path: Path) -> bool:
    """Whether a decoder takes the file for its own; the pixels are not read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Pillow.open(path, formats=readable_formats()):
                return True
    except UnidentifiedImageError:
        return False
    except Exception:  # a decoder knew the file and found it damaged or too large: reading it gives the reason
        return True


def _brand(first_bytes: bytes) -> bytes:
    """The brand of an ISO base media file, ISO/IEC 14496-12, section 4.3; empty for anything else."""
    return first_bytes[8:12] if first_bytes[4:8] == b"ftyp" else b""
