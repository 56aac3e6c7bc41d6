"""Where downloaded LFW is kept, and whether it is there; imports nothing heavy, so that `list` can ask."""

from __future__ import annotations

import os
from pathlib import Path

from benchmark.cards import AVAILABLE, Availability

PHOTO_ARCHIVE = "lfw-funneled.tgz"
PHOTO_FOLDER = "lfw_funneled"
PAIR_LIST = "pairs.txt"


def lfw_home() -> Path:
    """Where scikit-learn keeps LFW, so that one download serves both."""
    return Path(os.environ.get("SCIKIT_LEARN_DATA", "~/scikit_learn_data")).expanduser() / "lfw_home"


def downloaded_lfw() -> Path | None:
    """The folder with LFW's funneled photos and ``pairs.txt``, if it is complete on this machine."""
    home = lfw_home()
    # scikit-learn deletes the archive when it has unpacked it; where both are there, it was cut off in between
    unpacked = (home / PHOTO_FOLDER).is_dir() and not (home / PHOTO_ARCHIVE).exists()
    return home if unpacked and (home / PAIR_LIST).is_file() else None


def lfw_availability() -> Availability:
    """Usable without ``--data-root`` once it was downloaded."""
    if downloaded_lfw() is not None:
        return AVAILABLE
    return Availability(False, "needs --data-root DIR with LFW, or a network to download it (about 240 MB)")
