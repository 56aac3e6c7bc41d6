"""The ledger: every image, every step, ok or why not. Becomes ``images.csv``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

import pandas as pd

from benchmark.errors import PluginError
from benchmark.faces import NO_FACE_FOUND, REAL_MASK, Photo

PASSED_OVER = "passed over"
"""The status of a photo that takes no part: a copy of another one."""

CLIPPED: Mapping[str, Any] = {"clipped": True}
"""Parameters of a restored face that had values outside 0 to 1."""
_CLIPPED = json.dumps(CLIPPED)


@dataclass(frozen=True)
class LedgerEntry:
    """What one step did to one image. A failure is such an entry and reaches the report; it is never a dropped row.

    Attributes:
        image_id: the image.
        subject_id: its subject.
        role: ``"test"``, or ``"train"`` and ``"validation"`` for images that methods learn from.
        step: ``copies``, ``acquire``, ``mask``, ``detect``, ``unmask``, ``present`` or ``recognise``.
        variant: which image of that photo: a method's or a recogniser's name; empty where there is only one.
        mask_type: the mask drawn, ``"real"`` where one is really worn, or empty.
        status: ``"ok"``, ``"failed"``, or `PASSED_OVER` for a photo that takes no part.
        reason: why it failed, or empty.
        parameters: JSON of what was drawn or done; ``face_detector`` says which one found the face.
        acquisition: the arm, ``"oracle"`` or ``"redetect"``; empty for what both share.
        faces: how many faces the face detector found in the photo; empty for steps that do not look for any.
    """

    image_id: str
    subject_id: str
    role: str
    step: str
    variant: str
    mask_type: str
    status: str
    reason: str
    parameters: str
    acquisition: str = ""
    faces: str = ""


class Ledger:
    """Collects entries in the order of the steps. What is entered a second time, because another method needs it as
    well, stands there once."""

    def __init__(self) -> None:
        self._entries: dict[LedgerEntry, None] = {}
        self._acquisition = ""

    def of_arm(self, acquisition: str) -> Ledger:
        """The same ledger, whose further entries belong to one acquisition arm."""
        arm = Ledger()
        arm._entries = self._entries
        arm._acquisition = acquisition
        return arm

    @contextmanager
    def all_failed(self, photos: Sequence[Photo], *, role: str, step: str, variant: str = "") -> Iterator[None]:
        """Where a plugin breaks in the ``with`` block, enter its error as the failure of each of `photos`."""
        try:
            yield
        except PluginError as error:
            reason = {"reason": str(error)}
            self.add(photos, [reason] * len(photos), role=role, step=step, variant=variant)
            raise

    def add(
        self,
        photos: Sequence[Photo],
        records: Iterable[Mapping[str, Any]],
        *,
        role: str,
        step: str,
        variant: str = "",
    ) -> None:
        """Enter one step's records, one per photo.

        A record holds ``reason`` where the image failed, and may hold ``mask_type`` and ``parameters``.
        """
        for photo, record in zip(photos, records, strict=True):
            reason = record.get("reason") or ""
            parameters = record.get("parameters")
            self._enter(
                LedgerEntry(
                    image_id=photo.image_id,
                    subject_id=photo.subject_id,
                    role=role,
                    step=step,
                    variant=variant,
                    mask_type=record.get("mask_type") or (REAL_MASK if photo.masked else ""),
                    status="failed" if reason else "ok",
                    reason=reason,
                    parameters=json.dumps(parameters, ensure_ascii=False) if parameters else "",
                    acquisition=self._acquisition,
                    faces=str(record.get("faces", "")),
                )
            )

    def pass_over(self, photos: Sequence[Photo], reasons: Iterable[str], *, role: str, step: str) -> None:
        """Enter photos that take no part, with the reason: they count neither as failures nor as images."""
        for photo, reason in zip(photos, reasons, strict=True):
            self._enter(LedgerEntry(photo.image_id, photo.subject_id, role, step, "", "", PASSED_OVER, reason, ""))

    def _enter(self, entry: LedgerEntry) -> None:
        self._entries.setdefault(entry)

    def faces_found_by(self) -> dict[str, dict[str, int]]:
        """How many faces each face detector found, and how many photos had none, by role, step and arm."""
        counts: dict[str, Counter[str]] = {}
        for entry in self._entries:
            by = json.loads(entry.parameters).get("face_detector") if entry.parameters else None
            if by is not None or entry.reason == NO_FACE_FOUND:
                where = ", ".join(part for part in (entry.role, entry.step, entry.acquisition) if part)
                counts.setdefault(where, Counter())[by or NO_FACE_FOUND] += 1
        return {where: dict(counted) for where, counted in counts.items()}

    def values_clipped(self) -> dict[str, tuple[int, int]]:
        """By method, how many of the faces that it restored had values outside 0 to 1, of how many; none without."""
        counts: dict[str, Counter[bool]] = {}
        for entry in self._entries:
            if entry.step == "unmask" and entry.status == "ok":
                method = entry.variant.rpartition(" (")[0]  # what it restored is told in brackets
                counts.setdefault(method, Counter())[entry.parameters == _CLIPPED] += 1
        return {method: (found[True], found.total()) for method, found in counts.items() if found[True]}

    def table(self) -> pd.DataFrame:
        """The ledger as a table, one row an entry."""
        columns = [field.name for field in fields(LedgerEntry)]
        return pd.DataFrame(map(attrgetter(*columns), self._entries), columns=columns)
