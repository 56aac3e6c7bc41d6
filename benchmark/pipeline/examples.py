"""Picks a few people whose faces the report shows at every stage."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.faces import REAL_MASK
from benchmark.pipeline.conditions.arm import PreparedArm
from benchmark.reporting.run_results import ExampleStrip
from benchmark.views import MaskedView, View

_PEOPLE = 6


def choose_examples(prepared: PreparedArm) -> list[ExampleStrip]:
    """One face a mask type, of different people, and one that a method failed on if there is such a one.

    The first suitable photos in the protocol's order are taken, so that they are not chosen for their looks. A really
    masked photo has no raw face to show.
    """
    masked = prepared.faces.masked.view
    rows = _first_of_each_type(prepared)
    failed = [
        row
        for row in range(len(masked))
        if not masked.failed(row) and any(restored.view.failed(row) for restored in prepared.restored.values())
    ]
    return [_strip(prepared, row) for row in [*rows, *failed[:1]]]


def _first_of_each_type(prepared: PreparedArm) -> list[int]:
    masked = prepared.faces.masked.view
    photos = masked.photo_set.photos
    worn = prepared.faces.masked.drawn or [REAL_MASK] * len(photos)
    rows: list[int] = []
    people: set[str] = set()
    whole_rounds = 0
    while len(rows) < _PEOPLE and whole_rounds < _PEOPLE:
        whole_rounds += 1
        for kind in dict.fromkeys(worn):
            for row, photo in enumerate(photos):
                if worn[row] == kind and photo.subject_id not in people and not masked.failed(row):
                    rows.append(row)
                    people.add(photo.subject_id)
                    break
    return rows[:_PEOPLE]


def _changed_crops(prepared: PreparedArm) -> list[tuple[str, View]]:
    """Methods that restore nothing but show the recogniser another crop of the masked face, such as `periocular`."""
    masked = prepared.faces.shown_masked.view
    return [
        (pairing.method, pairing.probe.view)
        for pairing in prepared.pairings
        if pairing.condition == "raw-restored"
        and pairing.method not in prepared.restored
        and pairing.probe.view.key != masked.key
        and len(pairing.probe.view) == len(prepared.faces.masked.view)
    ]


def _strip(prepared: PreparedArm, row: int) -> ExampleStrip:
    masked = prepared.faces.masked.view
    photo = masked.photo_set.photos[row]
    views: Sequence[tuple[str, View]] = [
        *([("raw", masked.unmasked())] if isinstance(masked, MaskedView) else []),
        ("masked", masked),
        *((name, restored.view) for name, restored in prepared.restored.items()),
        *_changed_crops(prepared),
    ]
    columns = {name: None if view.failed(row) else view.faces.pixels[row] for name, view in views}
    reasons = {name: str(view.records[row]["reason"]) for name, view in views if view.failed(row)}
    return ExampleStrip(photo.subject_id, photo.image_id, columns, reasons)
