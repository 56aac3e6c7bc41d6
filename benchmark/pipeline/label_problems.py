"""Gathers what may be wrong with a run's labels: copies of one picture, and pairs that recognisers find doubtful."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

import cv2
import numpy as np

from benchmark.errors import ImageRefused
from benchmark.faces import Image, Photo
from benchmark.pipeline.conditions.faces import ArmFaces
from benchmark.pipeline.planning.plan import Plan
from benchmark.reporting.label_problem import (
    ALIKE,
    COPY,
    MAX_PAIRS,
    UNLIKE,
    LabelProblem,
    LabelProblems,
    shown_pairs,
)
from benchmark.verification.label_candidates import Candidate, label_candidates
from benchmark.verification.measurement import ScoredCell

_PICTURE_SIDE = 192
"""Pixels of the longer side of a photo in the report."""


def find_label_problems(plan: Plan, faces: ArmFaces, cells: Sequence[ScoredCell]) -> LabelProblems | None:
    """What the report's section "Label problems" says; None where people are rendered, whose labels are right.

    Args:
        plan: data set, protocol, and the copies found.
        faces: of the run's first arm, whose scores are looked at.
        cells: all scored cells of the run.
    """
    if plan.dataset.card.synthetic:
        return None
    judged = [cell for cell in cells if _is_raw(cell, faces, plan)]
    rows = (*_copies(plan), *_doubtful(plan, faces, judged))
    found = LabelProblems(rows, len(judged))
    if plan.config.no_photos:
        return found
    return LabelProblems(rows, len(judged), photos=_photos(plan, rows), faces=_crops(faces, rows))


def _is_raw(scored: ScoredCell, faces: ArmFaces, plan: Plan) -> bool:
    cell = scored.cell
    return (cell.condition, cell.method, cell.acquisition, cell.size) == (
        "raw-raw",
        "none",
        faces.arm,
        str(plan.config.size),
    )


def _copies(plan: Plan) -> list[LabelProblem]:
    """Those between two people first."""
    rows = [
        LabelProblem(
            COPY,
            pair.one.image_id,
            pair.one.subject_id,
            pair.other.image_id,
            pair.other.subject_id,
            likeness=pair.likeness,
            passed_over=pair.passed_over,
        )
        for pair in plan.copied
    ]
    return sorted(rows, key=lambda row: (row.reference_subject == row.probe_subject, row.pair))


def _doubtful(plan: Plan, faces: ArmFaces, judged: Sequence[ScoredCell]) -> list[LabelProblem]:
    templates = faces.templates
    names = templates.names
    subjects = [templates.photos[row].subject_id for row in templates.first]
    copied = {frozenset((pair.one.image_id, pair.other.image_id)) for pair in plan.copied}
    by_pair: dict[tuple[bool, frozenset[int]], dict[str, Candidate]] = defaultdict(dict)
    as_listed: dict[tuple[bool, frozenset[int]], tuple[int, int]] = {}
    for scored in judged:
        for candidate in label_candidates(np.asarray(scored.scores), scored.comparisons.mated):
            sides = (int(scored.comparisons.reference[candidate.row]), int(scored.comparisons.probe[candidate.row]))
            if frozenset(names[side] for side in sides) not in copied:  # those are listed as copies already
                key = candidate.mated, frozenset(sides)  # once, also where it is listed both ways round
                as_listed.setdefault(key, sides)
                by_pair[key].setdefault(scored.cell.recogniser, candidate)
    order = sorted(
        by_pair, key=lambda key: (not key[0], -len(by_pair[key]), -_mean_deviation(by_pair[key]), as_listed[key])
    )
    listed: dict[tuple[bool, str], int] = defaultdict(int)
    rows = []
    for key in order:
        mated, found = key[0], by_pair[key]
        one, other = as_listed[key]
        for recogniser, candidate in found.items():
            listed[mated, recogniser] += 1
            if listed[mated, recogniser] > MAX_PAIRS:
                continue
            rows.append(
                LabelProblem(
                    UNLIKE if mated else ALIKE,
                    names[one],
                    subjects[one],
                    names[other],
                    subjects[other],
                    recogniser,
                    candidate.score,
                    candidate.usual,
                    candidate.usual_of_others,
                    candidate.deviation,
                    listed_by=len(found),
                )
            )
    return rows


def _mean_deviation(found: Mapping[str, Candidate]) -> float:
    return fmean(abs(candidate.deviation) for candidate in found.values())


def _photos(plan: Plan, rows: Sequence[LabelProblem]) -> dict[str, Image]:
    """Of the copies that are shown, the whole photos."""
    wanted = set(_ids(shown_pairs(rows, COPY)))
    photos = {photo.image_id: photo for pair in plan.copied for photo in (pair.one, pair.other)}
    pictures = {image_id: _small(plan, photos[image_id]) for image_id in sorted(wanted)}
    return {image_id: picture for image_id, picture in pictures.items() if picture is not None}


def _small(plan: Plan, photo: Photo) -> Image | None:
    try:
        pixels = plan.dataset.read(photo)
    except ImageRefused:  # it was changed during the run
        return None
    scale = min(1.0, _PICTURE_SIDE / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _crops(faces: ArmFaces, rows: Sequence[LabelProblem]) -> dict[str, Image]:
    """Of the doubtful pairs that are shown, the faces that were compared; of a template, that of its first photo."""
    wanted = {*_ids(shown_pairs(rows, UNLIKE)), *_ids(shown_pairs(rows, ALIKE))}
    photo_of = {name: int(faces.templates.first[row]) for row, name in enumerate(faces.templates.names)}
    view = faces.raw.view
    crops = {}
    for name in sorted(wanted):
        (row,) = faces.raw.rows_of([photo_of[name]])
        if not view.failed(row):
            crops[name] = np.asarray(view.faces.pixels[row])
    return crops


def _ids(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [side for pair in pairs for side in pair]
