"""The weights that travel with the program: where they are, and on whose data they were trained.

`list` needs no more than that, so nothing heavy is imported here; `trained_weights` reads and validates whole cards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from benchmark.cards import MethodCard
from benchmark.embedded_files import embedded
from benchmark.errors import StorageError

CARD = "card.json"


def shipped_folder(method: str, preset: str, size: int, *, root: Path | None = None) -> Path | None:
    """The folder of the weights shipped with the program, if there are any for this method and preset.

    It is ``weights/METHOD/PRESET/SIDE``. Of several sides the largest that is no larger than the run's crops is chosen,
    or else the smallest.

    Args:
        method: name of the part that learns.
        preset: its preset.
        size: side of the run's crops, pixels.
        root: instead of the program's own folder.
    """
    try:
        folder = (root or embedded("weights")) / method / preset
    except StorageError:  # an installation without weights trains
        return None
    sides = sorted(int(path.name) for path in folder.glob("*") if path.name.isdigit())
    if not sides:
        return None
    fitting = [side for side in sides if side <= size]
    return folder / str(fitting[-1] if fitting else sides[0])


def shipped_folders(method: str, preset: str, size: int, *, root: Path | None = None) -> list[Path]:
    """The folder of the weights shipped for a method and preset; of an adapter one for each recogniser that it was
    fitted to. Arguments as of `shipped_folder`."""
    own = shipped_folder(method, preset, size, root=root)
    if own is not None:
        return [own]
    try:
        fitted_to = sorted(path.name for path in ((root or embedded("weights")) / method / preset).glob("*"))
    except StorageError:
        return []
    found = [shipped_folder(method, f"{preset}/{recogniser}", size, root=root) for recogniser in fitted_to]
    return [folder for folder in found if folder is not None]


def data_licences(folder: Path) -> Mapping[str, str]:
    """The data sets that weights were trained on, with the licence of each, as their card says; nothing else of the
    card is looked at.

    Raises:
        StorageError: the card is missing, or does not say it.
    """
    file = folder / CARD
    try:
        said = json.loads(file.read_bytes())["trained_on"]
        return {str(name): str(licence) for name, licence in said.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StorageError(
            f"{file} does not say what the weights were trained on ({type(error).__name__}: {error}); reinstall the "
            "package or restore the file"
        ) from error


def with_data(card: MethodCard, trained_on: Mapping[str, str]) -> MethodCard:
    """The card of a method that comes with weights: these have seen data, whose licences hold for them.

    >>> with_data(MethodCard(licence="MIT"), {"people": "CC0-1.0"}).licence
    'code MIT; weights: people: CC0-1.0'
    """
    data = "; ".join(f"{name}: {licence}" for name, licence in trained_on.items())
    return replace(card, trained_on=tuple(trained_on), licence=f"code {card.licence}; weights: {data}")
