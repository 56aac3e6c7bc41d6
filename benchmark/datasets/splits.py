"""Seeded choices of subjects, photos and comparisons. Each depends on ids alone, never on the order of files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.base import Comparisons
from benchmark.errors import RequestError
from benchmark.faces import Photo
from benchmark.seeds import seed_for

MAX_COMPARISONS = 25_000_000
"""About 7,000 photos against each other; every condition and recogniser has one score for each."""
STRANGERS = 1 / 3
"""Share of the people whom a gallery does not hold."""


def at_most_per_subject(photos: Iterable[Photo], most: int, *, seed: int) -> tuple[Photo, ...]:
    """At most `most` photos of each subject, drawn by seed; the order of the rest is kept.

    >>> photos = [Photo(f"anna/{n}.jpg", "anna", "") for n in range(5)]
    >>> kept = at_most_per_subject(photos, 2, seed=0)
    >>> len(kept), kept == at_most_per_subject(photos[::-1], 2, seed=0)[::-1]
    (2, True)
    """
    photos = tuple(photos)
    drawn = {
        photo.image_id
        for own in _by_subject(photos).values()
        for photo in sorted(own, key=lambda photo: _draw(seed, "photo of a subject", photo.image_id))[:most]
    }
    return tuple(photo for photo in photos if photo.image_id in drawn)


def some_subjects(photos: Sequence[Photo], most: int, *, seed: int) -> tuple[Photo, ...]:
    """The photos of at most `most` subjects, drawn by seed; those with two photos or more come first.

    People with a single photo cannot give a mated comparison, and a short run on a few people needs some.
    """
    by_subject = _by_subject(photos)
    order = sorted(by_subject, key=lambda subject: (len(by_subject[subject]) < 2, _draw(seed, "subject", subject)))
    chosen = set(order[:most])
    return tuple(photo for photo in photos if photo.subject_id in chosen)


def split_subjects(subjects: Iterable[str], shares: Mapping[str, float], *, seed: int) -> dict[str, frozenset[str]]:
    """Divide subjects by seed into parts of the given shares, which sum to 1.

    >>> parts = split_subjects(map(str, range(10)), {"train": 0.6, "validation": 0.1, "test": 0.3}, seed=0)
    >>> [len(part) for part in parts.values()]
    [6, 1, 3]
    """
    order = sorted(set(subjects), key=lambda subject: _draw(seed, "part of a split", subject))
    ends = np.rint(np.cumsum(list(shares.values())) * len(order)).astype(int)
    starts = (0, *ends[:-1])
    return {part: frozenset(order[start:end]) for part, start, end in zip(shares, starts, ends, strict=True)}


def some_photos(photos: Sequence[Photo], most: int, *, seed: int) -> tuple[Photo, ...]:
    """At most `most` of the photos, drawn by seed; their order is kept."""
    drawn = sorted((photo.image_id for photo in photos), key=lambda image_id: _draw(seed, "photo", image_id))
    kept = set(drawn[:most])
    return tuple(photo for photo in photos if photo.image_id in kept)


def subjects_with_photos(photos: Iterable[Photo], count: int, *, seed: int) -> frozenset[str]:
    """Subjects, drawn by seed, who together have `count` of the photos, or as close below as whole people allow.

    Each next subject is taken if their photos still fit, so that in any set with some people of one photo the count is
    met exactly.

    >>> photos = [Photo(f"{name}{n}", name, "") for name, own in (("a", 3), ("b", 2), ("c", 1)) for n in range(own)]
    >>> sum(photo.subject_id in subjects_with_photos(photos, 4, seed=0) for photo in photos)
    4
    """
    by_subject = _by_subject(photos)
    chosen, left = set(), count
    for subject in sorted(by_subject, key=lambda subject: _draw(seed, "part of a split", subject)):
        if len(by_subject[subject]) <= left:
            chosen.add(subject)
            left -= len(by_subject[subject])
    return frozenset(chosen)


def all_pairs(photos: Sequence[Photo], *, seed: int) -> Comparisons:
    """Every unordered pair of photos once; the reference is the photo with the lower hash of seed and image id.

    Args:
        photos: P photos; the columns of the result have P (P − 1) / 2 rows.
        seed: the run's seed.

    Raises:
        RequestError: there would be no mated or no non-mated comparison, or more than `MAX_COMPARISONS`.
    """
    count = len(photos)
    pairs = count * (count - 1) // 2
    if pairs > MAX_COMPARISONS:
        raise RequestError(
            f"{count} photos would give {pairs} comparisons, more than {MAX_COMPARISONS}; "
            "test on fewer subjects with --limit N"
        )
    _, subject = np.unique([photo.subject_id for photo in photos], return_inverse=True)
    order = sorted(range(count), key=lambda row: _draw(seed, "reference", photos[row].image_id))
    rank_to_row = np.asarray(order, dtype=np.int32)
    followers = np.arange(count - 1, -1, -1)  # how many photos rank after each
    reference = np.repeat(rank_to_row, followers)
    probe = np.concatenate([rank_to_row[rank + 1 :] for rank in range(count)]) if count else rank_to_row
    codes = subject.astype(np.int32)
    mated = codes[reference] == codes[probe]
    check_both_kinds(mated, subjects=len(set(codes.tolist())))
    return Comparisons(reference, probe, mated, np.full(pairs, -1, dtype=np.int8))


def gallery_search(photos: Sequence[Photo], *, seed: int) -> Comparisons:
    """Every probe against one enrolled photo of each person in a gallery; some of the people are strangers to it.

    People with one photo are strangers. Where these are fewer than `STRANGERS` of all, others drawn by seed join them.
    Of everybody else the photo with the lowest hash of seed and image id is enrolled, and the others are probes.

    Args:
        photos: of two people or more.
        seed: the run's seed.

    Raises:
        RequestError: there would be no mated or no non-mated comparison, or more than `MAX_COMPARISONS`.
    """
    own: dict[str, list[int]] = defaultdict(list)
    for row, photo in enumerate(photos):
        own[photo.subject_id].append(row)
    several = sorted(
        (subject for subject, rows in own.items() if len(rows) > 1), key=lambda one: _draw(seed, "stranger", one)
    )
    missing = max(0, round(STRANGERS * len(own)) - (len(own) - len(several)))
    enrolled = sorted(several[min(missing, max(len(several) - 1, 0)) :])
    gallery = np.array(
        [min(own[one], key=lambda row: _draw(seed, "reference", photos[row].image_id)) for one in enrolled],
        dtype=np.int32,
    )
    probes = np.setdiff1d(np.arange(len(photos), dtype=np.int32), gallery)
    count = len(gallery) * len(probes)
    if count > MAX_COMPARISONS:
        raise RequestError(
            f"{len(gallery)} enrolled photos and {len(probes)} probes would give {count} comparisons, more than "
            f"{MAX_COMPARISONS}; test on fewer subjects with --limit N"
        )
    _, codes = np.unique([photo.subject_id for photo in photos], return_inverse=True)
    reference, probe = np.repeat(gallery, len(probes)), np.tile(probes, len(gallery))
    mated = codes[reference] == codes[probe]
    check_both_kinds(mated, subjects=len(own))
    return Comparisons(reference, probe, mated, np.full(count, -1, dtype=np.int8))


def check_both_kinds(mated: NDArray[np.bool_], *, subjects: int) -> None:
    """Refuse a test that lacks mated or non-mated comparisons.

    Raises:
        RequestError: with what is missing.
    """
    if subjects < 2:
        raise RequestError(
            f"{'only one subject' if subjects else 'no subject'} to test on: at least two are needed, "
            "each with photos of their own"
        )
    if not mated.any():
        raise RequestError(
            f"none of the {subjects} subjects to test on has two photos, so there is no mated comparison; "
            "add photos, or raise --limit"
        )
    if mated.all():
        raise RequestError("all comparisons are mated; a false match rate needs non-mated ones too")


def spread_evenly(
    mated: NDArray[np.bool_], fold: NDArray[np.int8], ids: Sequence[str], most: int, *, seed: int
) -> NDArray[np.int64]:
    """Rows of at most `most` comparisons, drawn by seed, as even as can be over folds and both kinds.

    Args:
        mated: ``bool (P,)``.
        fold: ``int8 (P,)``.
        ids: P distinct names of the comparisons, which decide the draw.
        most: how many to keep; as many as there are if that is fewer.
        seed: the run's seed.

    Returns:
        Rows in ascending order.
    """
    cells: dict[tuple[int, bool], list[int]] = defaultdict(list)
    for row in sorted(range(len(mated)), key=lambda row: _draw(seed, "comparison", ids[row])):
        cells[int(fold[row]), not mated[row]].append(row)
    # The n-th of every cell comes before the (n + 1)-th of any: each takes its turn, fold by fold, mated first.
    turns = sorted((turn, cell, row) for cell, rows in cells.items() for turn, row in enumerate(rows))
    return np.sort(np.asarray([row for _, _, row in turns[:most]], dtype=np.int64))


def _by_subject(photos: Iterable[Photo]) -> dict[str, list[Photo]]:
    found: dict[str, list[Photo]] = defaultdict(list)
    for photo in photos:
        found[photo.subject_id].append(photo)
    return found


def _draw(seed: int, purpose: str, name: str) -> tuple[int, str]:
    """Sorts by hash; the name settles a tie."""
    return seed_for(seed, purpose, name), name
