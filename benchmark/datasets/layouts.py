"""Recognises the layouts of known data sets, to point out which one a folder looks like."""

from __future__ import annotations

from pathlib import Path

from benchmark.cards import Availability

_SIGNS = {
    "celeba": ("identity_CelebA.txt", "img_align_celeba", "img_celeba", "Anno/identity_CelebA.txt"),
    "ffhq": ("images1024x1024", "thumbnails128x128"),
    "mfr2": ("mfr2_labels.txt",),
    "ijb": ("meta/ijbc_face_tid_mid.txt", "meta/ijbb_face_tid_mid.txt"),
    "lfw": ("lfw-deepfunneled", "lfw_funneled", "Aaron_Peirsol/Aaron_Peirsol_0001.jpg"),
    "cfp-fp": ("cfp_fp.bin",),
    "agedb-30": ("agedb_30.bin",),
    "calfw": ("calfw.bin",),
    "cplfw": ("cplfw.bin",),
    "pairs-csv": ("pairs.csv",),
    "manifest": ("manifest.csv",),
}
"""Files and folders that tell a data set; the first that is there decides."""


def looks_like(root: Path, *, but: str = "") -> str:
    """``"; this looks like 'celeba'"`` for the end of an error, or nothing.

    Args:
        root: the folder that the user named.
        but: the data set that it was read as.
    """
    for name, signs in _SIGNS.items():
        if name != but and any((root / sign).exists() for sign in signs):
            return f"; this looks like '{name}'"
    return ""


def needs_named_file(layout: str) -> Availability:
    """What a data set that is one file needs to work: the file, named with it."""
    return Availability(False, f"needs --dataset bin:FILE, {layout}")


def needs_folder(layout: str) -> Availability:
    """That a data set cannot be used before the user names its folder, which holds `layout`."""
    return Availability(False, f"needs --data-root DIR with {layout}")
