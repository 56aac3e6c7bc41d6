"""The ledger: every image, every step, ok or why not. Becomes ``images.csv``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import pandas as pd

from benchmark.faces import Photo


@dataclass(frozen=True)
class LedgerEntry:
    """What one step did to one image. A failure is such a value, and reaches the report: never a dropped row.

    Attributes:
        image_id: the image.
        subject_id: its subject.
        role: ``"test"``, or ``"train"`` and ``"validation"`` for images that methods learn from.
        step: ``acquire``, ``mask``, ``detect``, ``unmask``, ``present`` or ``recognise``.
        variant: which image of that photo: a method's or a recogniser's name; empty where there is only one.
        mask_type: the mask drawn, or empty.
        status: ``"ok"`` or ``"failed"``.
        reason: why it failed, or empty.
        parameters: JSON of what was drawn or done.
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


class Ledger:
    """Collects entries in the order of the steps."""

    def __init__(self) -> None:
        self._entries: list[LedgerEntry] = []

    def add(
        self,
        photos: Sequence[Photo],
        records: Iterable[Mapping[str, Any]],
        *,
        role: str,
        step: str,
        variant: str = "",
    ) -> None:
        """Enter one step's records, one a photo.

        A record holds ``reason`` where the image failed, and may hold ``mask_type`` and ``parameters``.
        """
        for photo, record in zip(photos, records, strict=True):
            reason = record.get("reason") or ""
            parameters = record.get("parameters")
            self._entries.append(
                LedgerEntry(
                    image_id=photo.image_id,
                    subject_id=photo.subject_id,
                    role=role,
                    step=step,
                    variant=variant,
                    mask_type=record.get("mask_type") or "",
                    status="failed" if reason else "ok",
                    reason=reason,
                    parameters=json.dumps(parameters, ensure_ascii=False) if parameters else "",
                )
            )

    def table(self) -> pd.DataFrame:
        """The ledger as a table, one row an entry."""
        return pd.DataFrame(
            [asdict(entry) for entry in self._entries], columns=[field.name for field in fields(LedgerEntry)]
        )
