"""Which mask an image wears."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.errors import RequestError
from benchmark.seeds import seed_for


def choose_style(styles: Sequence[str], seed: int, image_id: str) -> str:
    """One of `styles`, each equally likely, drawn for this image alone.

    The draw does not depend on the order of `styles`, on repetitions in it, or on the other images. Each style gets a
    random number per image and the highest one wins, so adding or removing a style changes only the images it wins.

    Raises:
        RequestError: `styles` is empty.

    >>> choose_style(["cloth", "n95"], 0, "anna/1.jpg") == choose_style(["n95", "cloth"], 0, "anna/1.jpg")
    True
    """
    if not styles:
        raise RequestError("no mask type to choose from; name some with --masks, e.g. --masks surgical,cloth")
    return max(sorted(set(styles)), key=lambda style: seed_for(seed, "mask type", style, image_id))
