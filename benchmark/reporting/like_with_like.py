"""Whether two runs may be set against each other: what they must have in common before one is called better."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.reporting.stored_run import StoredRun
from benchmark.storage.csv_files import read_table_of_text

_SETTINGS = (
    ("masks", "masks"),
    ("seed", "seeds, which decide the mask of each photo"),
    ("size", "sizes"),
    ("acquisition", "acquisition arms"),
    ("face_detectors", "face detectors"),
    ("min_face", "smallest faces"),
)


def incomparable(a: StoredRun, b: StoredRun) -> list[str]:
    """Why differences between the two runs say nothing, one sentence each; empty if they may be compared."""
    reasons = []
    for column, noun in (("dataset", "data sets"), ("protocol", "protocols")):
        first, second = (", ".join(sorted(set(run.metrics[column]))) for run in (a, b))
        if first != second:
            reasons.append(f"The runs use different {noun}: {first or 'none'} in A, {second or 'none'} in B.")
    for name, what in (("dataset", "photos"), ("protocol", "comparisons")):
        first, second = (str(_part(run, "digests").get(name, "")) for run in (a, b))
        if first != second and not reasons:
            reasons.append(
                _other_limit(a, b)
                or f"The {what} differ (digest {first or 'missing'} in A, {second or 'missing'} in B)."
            )
    for name, what in _SETTINGS:
        settings = [_part(run, "config") for run in (a, b)]
        if all(name in one for one in settings) and settings[0][name] != settings[1][name]:
            first, second = (_text(one[name]) for one in settings)
            reasons.append(f"The runs use different {what}: {first} in A, {second} in B.")
    if a.manifest.get("thresholds_from") != b.manifest.get("thresholds_from"):
        reasons.append("The frozen thresholds come from different runs.")
    judges = [_part(run, "recognisers") for run in (a, b)]
    for name in sorted(judges[0].keys() & judges[1].keys()):
        if judges[0][name] != judges[1][name]:
            reasons.append(f"The recogniser {name} has different weights in B.")
    return reasons


def other_masks(a: Path, b: Path) -> str | None:
    """How many photos wear another mask in B, by what ``images.csv`` says was drawn; None where all masks agree."""
    drawn = []
    for folder in (a, b):
        if not (folder / "images.csv").is_file():
            return None
        images = read_table_of_text(folder / "images.csv")
        masks = images[(images["step"] == "mask") & (images["role"] == "test")]
        keys = zip(masks["image_id"], masks["acquisition"], masks["variant"], strict=True)
        drawn.append(dict(zip(keys, zip(masks["mask_type"], masks["parameters"], strict=True), strict=True)))
    shared = drawn[0].keys() & drawn[1].keys()
    differing = sum(drawn[0][key] != drawn[1][key] for key in shared)
    return f"{differing} of {len(shared)} photos have a different mask in B." if differing else None


def _other_limit(a: StoredRun, b: StoredRun) -> str:
    """That one run tested more of the data set than the other; empty where ``--limit`` is the same."""
    first, second = (_part(run, "config").get("limit") for run in (a, b))
    if first == second:
        return ""
    told = ["everything" if limit is None else f"--limit {limit}" for limit in (first, second)]
    return f"The runs test different parts of the data set: {told[0]} in A, {told[1]} in B."


def _part(run: StoredRun, name: str) -> Mapping[str, Any]:
    found = run.manifest.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
