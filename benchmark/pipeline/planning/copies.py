"""The same photo twice in a test: two copies of one person count once; copies under two people are a wrong label."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from benchmark.artifacts import RowArray
from benchmark.context import Row, RunContext
from benchmark.counted import counted_are
from benchmark.datasets.base import Comparisons, Dataset, Protocol
from benchmark.datasets.copies import (
    SIDE,
    VERSION,
    CopiedPhoto,
    Copies,
    find_copies,
    fingerprint,
    groups_of_copies,
)
from benchmark.datasets.splits import check_both_kinds
from benchmark.errors import ImageRefused, RequestError
from benchmark.faces import Photo
from benchmark.pipeline.planning.plan import Plan
from benchmark.pipeline.planning.training_sources import TrainingSource
from benchmark.plugin_code.photos import read_guarded
from benchmark.views import PhotoSet

log = logging.getLogger(__name__)

_MAX_NAMED = 3


def look_for_copies(plan: Plan, context: RunContext) -> Plan:
    """The plan with what copies it found, and without those that a person has twice.

    Where the labels are the user's own (`DatasetCard.own_labels`), a copy of a photo of the same person is passed over,
    which the ledger notes, and one of two people is refused unless ``--allow-duplicates``. Official protocols stay as
    they are: their copies are only listed. Rendered people have none. Photos to train on are looked at where their
    labels are the user's own.

    Raises:
        RequestError: one photo is labelled with two people, or nothing is left to compare.
    """
    protocol, copied = plan.protocol, []
    if not plan.dataset.card.synthetic:
        photos = PhotoSet(plan.config.dataset, plan.dataset, protocol.photos, "test")
        copied = _copies(photos, context)
        if plan.dataset.card.own_labels:
            _refuse_two_people(copied, plan.config.dataset, allowed=plan.config.allow_duplicates)
            copied = [replace(pair, passed_over=not pair.of_two_people) for pair in copied]
            protocol = without_copies(protocol, copied)
            _enter(copied, photos.role, context)
    training = plan.training
    if training is not None:
        sources = tuple(_without_trained_copies(source, plan, context) for source in training.sources)
        training = replace(training, sources=sources)
    return replace(plan, protocol=protocol, copied=tuple(copied), training=training)


def without_copies(protocol: Protocol, copied: Sequence[CopiedPhoto]) -> Protocol:
    """The protocol without the copies that are passed over.

    A comparison with a copy stands for the same one with the photo that it copies, and is left out where that is
    listed, too, or would compare a photo with itself.

    Raises:
        RequestError: no mated or no non-mated comparison is left.
    """
    row_of = {photo.image_id: row for row, photo in enumerate(protocol.photos)}
    pairs = [Copies(row_of[pair.one.image_id], row_of[pair.other.image_id], 1.0) for pair in copied if pair.passed_over]
    stands_for = groups_of_copies(pairs)
    if not stands_for:
        return protocol
    kept = [row for row in range(len(protocol.photos)) if row not in stands_for]
    place = np.full(len(protocol.photos), -1, dtype=np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    for row, first in stands_for.items():
        place[row] = place[first]
    comparisons = _moved(protocol.comparisons, place, np.isin(np.arange(len(place)), list(stands_for)))
    photos = tuple(protocol.photos[row] for row in kept)
    check_both_kinds(comparisons.mated, subjects=len({photo.subject_id for photo in photos}))
    return replace(protocol, photos=photos, comparisons=comparisons)


def _moved(listed: Comparisons, place: np.ndarray[Any, Any], copied: np.ndarray[Any, Any]) -> Comparisons:
    """The comparisons between the photos that are left, in their order."""
    reference, probe = place[listed.reference], place[listed.probe]
    changed = copied[listed.reference] | copied[listed.probe]
    low, high = np.minimum(reference, probe).astype(np.int64), np.maximum(reference, probe)
    code = low * len(place) + high
    _, first = np.unique(np.where(changed, code, -1 - np.arange(len(code))), return_index=True)
    once = np.zeros(len(code), dtype=np.bool_)
    once[first] = True
    keep = ~changed | (once & (reference != probe) & ~np.isin(code, code[~changed]))
    return Comparisons(reference[keep], probe[keep], listed.mated[keep], listed.fold[keep])


def _copies(photos: PhotoSet, context: RunContext) -> list[CopiedPhoto]:
    arrays = {"phash": RowArray((8,), "uint8"), "grey": RowArray((SIDE, SIDE), "uint8")}
    make = context.make_each(
        partial(_fingerprint, dataset=photos.dataset),
        lambda row: photos.photos[row],
        count=len(photos),
        doing=f"look for copies ({photos.role})",
        unit="photo",
    )
    about = {"version": VERSION, "photos": photos.digest()}
    artifact = context.store.rows("copies", about, count=len(photos), arrays=arrays, make=make)
    readable = [row for row, record in enumerate(artifact.records()) if not record.get("reason")]
    found = find_copies(artifact.array("phash"), artifact.array("grey"), readable)
    return [
        CopiedPhoto(photos.photos[pair.one], photos.photos[pair.other], pair.likeness, passed_over=False)
        for pair in found
    ]


def _fingerprint(photo: Photo, *, dataset: Dataset) -> Row:
    try:
        found = fingerprint(read_guarded(dataset, photo))
    except ImageRefused as refusal:
        return {}, {"reason": refusal.reason}  # the step `acquire` enters it as a failure
    return {"phash": found.phash, "grey": found.grey}, {}


def _refuse_two_people(copied: Sequence[CopiedPhoto], dataset: str, *, allowed: bool) -> None:
    wrong = [pair for pair in copied if pair.of_two_people]
    if not wrong:
        return
    named = "; ".join(f"'{pair.one.image_id}' and '{pair.other.image_id}'" for pair in wrong[:_MAX_NAMED])
    more = f"; {len(wrong) - _MAX_NAMED} more" if len(wrong) > _MAX_NAMED else ""
    said = f"the same photo is labelled as two people in '{dataset}': {named}{more}"
    if not allowed:
        raise RequestError(
            f"{said}; remove the wrong one of each pair, or add --allow-duplicates to compare them as labelled"
        )
    log.warning("%s; compared as labelled", said)


def _without_trained_copies(source: TrainingSource, plan: Plan, context: RunContext) -> TrainingSource:
    if not source.dataset.card.own_labels:
        return source
    photos = PhotoSet(source.dataset_name, source.dataset, (*source.train, *source.validation), "train")
    copied = _copies(photos, context)
    _refuse_two_people(copied, source.dataset_name, allowed=plan.config.allow_duplicates)
    copied = [replace(pair, passed_over=not pair.of_two_people) for pair in copied]
    _enter(copied, photos.role, context)
    passed_over = {pair.other.image_id for pair in copied if pair.passed_over}
    train, validation = (
        tuple(photo for photo in part if photo.image_id not in passed_over)
        for part in (source.train, source.validation)
    )
    return replace(source, train=train, validation=validation)


def _enter(copied: Sequence[CopiedPhoto], role: str, context: RunContext) -> None:
    """Note each photo that is passed over, once, with the first of its copies."""
    first: dict[str, CopiedPhoto] = {}
    for pair in copied:
        if pair.passed_over:
            first.setdefault(pair.other.image_id, pair)
    pairs = list(first.values())
    context.ledger.pass_over(
        [pair.other for pair in pairs],
        [f"the same photo as {pair.one.image_id}" for pair in pairs],
        role=role,
        step="copies",
    )
    if pairs:
        log.warning(
            "%s the same picture as another photo of the same person and count%s once: %s",
            counted_are(len(pairs), "photo"),
            "" if len(pairs) > 1 else "s",
            ", ".join(f"{pair.other.image_id} ({pair.one.image_id})" for pair in pairs[:_MAX_NAMED])
            + (", …" if len(pairs) > _MAX_NAMED else ""),
        )
