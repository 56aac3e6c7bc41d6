"""Opens the data set that a run names, with those of the run's settings that it takes."""

from __future__ import annotations

from pathlib import Path

from benchmark.config import RunConfig
from benchmark.datasets.base import Dataset
from benchmark.datasets.image_costs import ReadingLimits
from benchmark.datasets.named_file import named_file, registered_name
from benchmark.errors import RequestError
from benchmark.plugins import DATASETS


def open_dataset(name: str, root: Path | None, config: RunConfig) -> Dataset:
    """The data set `name` below `root`.

    Args:
        name: as registered, or ``bin:FILE``.
        root: its folder, where it needs one.
        config: ``seed``, the limits of what a photo may cost, and what `Dataset.settings` names.

    Raises:
        RequestError: unknown, a wrong folder, or a setting that this data set does not take.
    """
    known = DATASETS.load(registered_name(name))
    named = {registered_name(config.dataset), *(text.partition("=")[0] for text in config.train_dataset)}
    file = named_file(name)
    if file is not None and root is not None:
        raise RequestError(f"--dataset {name} names its file, so that it takes no folder; leave out --data-root")
    if config.ignore and not any("ignore" in DATASETS.load(other).settings for other in named):
        raise RequestError(
            f"--ignore: data set '{config.dataset}' does not search its folder for photos; omit --ignore, or use a "
            "data set that does, such as 'folder'"
        )
    settings = {setting: getattr(config, setting) for setting in known.settings}
    opened = known(file or root, seed=config.seed, **settings)
    opened.reading_limits = ReadingLimits(config.max_megapixels, config.max_decode_seconds)
    return opened
