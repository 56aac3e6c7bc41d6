"""Failed images, counted by step and reason."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from benchmark.ledger import PASSED_OVER
from benchmark.reporting.formatting import percent
from benchmark.views import FAILED_EARLIER

_SHOWN = 40


@dataclass(frozen=True)
class FailureGroup:
    """Images that failed one step of one acquisition arm (empty: of both) for one reason."""

    step: str
    variant: str
    reason: str
    failed: int
    attempted: int
    acquisition: str = ""

    @property
    def share(self) -> str:
        """Of the images that the step was given."""
        return percent(self.failed / self.attempted if self.attempted else None, 1)


@dataclass(frozen=True)
class FailuresTable:
    """Counts by step and reason, and the first failed images."""

    photos: int
    failed_photos: int
    groups: tuple[FailureGroup, ...]
    first: tuple[dict[str, str], ...]
    more: int


def failures_table(images: pd.DataFrame) -> FailuresTable:
    """Groups in the order of the steps, the most frequent reason first. Takes the rows of ``images.csv``.

    A failure is counted at the step where it happened, not again at those that it kept from the image; details in
    brackets do not part a reason from its like.
    """
    if images.empty:
        return FailuresTable(0, 0, (), (), 0)
    images = images[images["status"] != PASSED_OVER]
    failed = images[(images["status"] == "failed") & (images["reason"] != FAILED_EARLIER)]
    place = ["step", "variant", "acquisition"]
    attempted = images.groupby(place, sort=False).size()
    steps = {step: place for place, step in enumerate(dict.fromkeys(images["step"]))}
    alike = failed.assign(reason=failed["reason"].astype(str).str.replace(r"\s*\(.*\)$", "", regex=True))
    counted = alike.groupby([*place, "reason"]).size().reset_index(name="count")
    groups = [
        FailureGroup(str(step), str(variant), str(reason), int(count), int(attempted[(step, variant, arm)]), str(arm))
        for step, variant, arm, reason, count in counted.itertuples(index=False, name=None)
    ]
    groups.sort(key=lambda group: (steps[group.step], group.acquisition, -group.failed, group.variant, group.reason))
    columns = ["image_id", "role", "acquisition", "step", "variant", "mask_type", "reason"]
    first = failed[[column for column in columns if column in failed.columns]].head(_SHOWN).astype(str)
    return FailuresTable(
        photos=int(images["image_id"].nunique()),
        failed_photos=int(failed["image_id"].nunique()),
        groups=tuple(groups),
        first=tuple({str(key): str(value) for key, value in row.items()} for row in first.to_dict("records")),
        more=max(0, len(failed) - _SHOWN),
    )
