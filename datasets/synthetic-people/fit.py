"""Fits the generator of synthetic people on a folder of real faces.

    python datasets/synthetic-people/fit.py --faces DIR --output datasets/synthetic-people/generator.safetensors

DIR holds photos and a ``manifest.csv`` with the columns file and subject_id. The result depends on the photos alone.
About 20 minutes on two cores for 15,000 photos; the stages before the statistics are kept in --cache.
"""

from __future__ import annotations

import argparse
import csv
import logging
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from components import (
    Components,
    base_row,
    base_seen,
    base_weights,
    detail_rows,
    face_weight,
    full_luma,
    impute,
    known_person,
    mirrored_base,
    mirrored_shapes,
    mirrored_square,
    outline_row,
    principal_components,
)
from covariances import normal_scores, quantile_table, scores_by_table, two_covariances, within_people
from frontal import align_shapes, near_frontal, warp_folder
from landmarks import landmarks_of_folder
from selection import choose
from texture_statistics import texture_statistics

from benchmark.datasets.appearance_model import BASE_SIDE, BLOCKS, DETAIL, OUTLINE_SIDE, SIDE
from benchmark.machine.processor_time import available_cores
from benchmark.progress import Progress

log = logging.getLogger("fit")

CACHE = Path(__file__).resolve().parents[2] / "reports" / "synthetic-people-fit"
COUNTS = {"shape": 40, "base": 240, "detail": 200, "outline": 40}
"""Components of every block."""
MIDDLE = 27
"""The landmark on the line of symmetry that the mirror uses."""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=Path, required=True, help="photos and manifest.csv")
    parser.add_argument("--output", type=Path, required=True, help="the generator's file")
    parser.add_argument("--cache", type=Path, default=CACHE, help="for stages done")
    parser.add_argument("--workers", type=int, default=available_cores())
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cv2.setNumThreads(1)
    fit(arguments.faces, arguments.output, cache=arguments.cache, workers=arguments.workers, progress=Progress())


def fit(faces: Path, output: Path, *, cache: Path, workers: int, progress: Progress) -> None:
    """All stages, from photos to the generator's file."""
    files, points = landmarks_of_folder(
        faces, cache / f"{faces.name}-landmarks.npz", workers=workers, progress=progress
    )
    found = np.isfinite(points[:, 0, 0])
    names, points = np.array(files)[found], points[found]
    aligned, mean_shape = align_shapes(points)
    kept = near_frontal(aligned)
    names, points, aligned = names[kept], points[kept], aligned[kept]
    log.info("%d photos, %d with a face, %d of them near frontal", len(files), found.sum(), kept.sum())
    jobs = [(str(name), p, a) for name, p, a in zip(names, points, aligned, strict=True)]
    textures, seen, persons = warp_folder(faces, jobs, mean_shape, cache, workers=workers, progress=progress)
    chosen = choose(textures, persons)
    with (faces / "manifest.csv").open(newline="", encoding="utf-8") as table:
        subject_of = {row["file"]: row["subject_id"] for row in csv.DictReader(table)}
    subjects = np.array([subject_of[str(name)] for name in names[chosen]])
    log.info("%d photos chosen, of %d people", chosen.sum(), len(set(subjects)))
    rows = np.flatnonzero(chosen)
    arrays = statistics(
        textures=textures[rows],
        seen=seen[rows],
        persons=persons[rows],
        aligned=aligned[rows],
        mean_shape=mean_shape,
        subjects=subjects,
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, output)
    log.info("%s: %.1f MB", output, output.stat().st_size / 1e6)


def statistics(
    *,
    textures: NDArray[np.uint8],
    seen: NDArray[np.uint8],
    persons: NDArray[np.uint8],
    aligned: NDArray[np.float64],
    mean_shape: NDArray[np.float64],
    subjects: NDArray[np.str_],
) -> dict[str, NDArray[np.generic]]:
    """The generator's arrays from the chosen photos (arguments as `frontal` returns them)."""
    weight = face_weight(mean_shape, SIDE)
    known = [known_person(p, s, BASE_SIDE) for p, s in zip(persons, seen, strict=True)]
    bases = np.stack([base_row(t, k) for t, k in zip(textures, known, strict=True)])
    bases = impute(bases, np.stack([base_seen(s) for s in seen]), 15)
    outlines = np.stack([outline_row(person) for person in persons])
    certain = np.stack(
        [cv2.resize((s > 200).astype(np.float32), (OUTLINE_SIDE,) * 2, interpolation=cv2.INTER_AREA) for s in seen]
    ).reshape(len(seen), -1)
    outlines = impute(outlines, certain, 12)
    lumas = np.stack([full_luma(texture)[DETAIL] for texture in textures])
    log.info("measured")

    shapes = np.concatenate([aligned, mirrored_shapes(aligned, mean_shape[MIDDLE, 0])]).reshape(2 * len(aligned), -1)
    blocks: dict[str, Components] = {
        "shape": principal_components((shapes - mean_shape.ravel()).astype(np.float32), COUNTS["shape"]),
        "outline": principal_components(
            np.concatenate([outlines, mirrored_square(outlines, OUTLINE_SIDE)]), COUNTS["outline"]
        ),
        "base": principal_components(
            np.concatenate([bases, mirrored_base(bases)]),
            COUNTS["base"],
            base_weights(mean_shape, persons.mean(axis=0).astype(np.float32)),
        ),
    }
    base = blocks["base"]
    rebuilt = base.coefficients @ base.vectors + base.mean
    window = np.concatenate([lumas, mirrored_window(textures)])
    blocks["detail"] = principal_components(detail_rows(window, rebuilt, weight), COUNTS["detail"])
    for block in BLOCKS:
        log.info("%s: %d components keep %.3f", block, COUNTS[block], blocks[block].explained)

    coefficients = np.hstack([blocks[block].coefficients for block in BLOCKS])
    table = quantile_table(coefficients)
    scores = normal_scores(coefficients)
    within = within_people(scores_by_table(coefficients, table), np.concatenate([subjects, subjects]))
    between, inside, share = two_covariances(scores, within)
    log.info("share within people: quartiles %s", np.round(np.quantile(share, [0, 0.25, 0.5, 0.75, 1]), 2))
    detail = blocks["detail"].coefficients @ blocks["detail"].vectors + blocks["detail"].mean
    known_all = np.concatenate([np.stack(known), np.stack(known)[:, :, ::-1]])
    mean, effect = texture_statistics(textures, known_all, rebuilt, detail, scores)
    arrays: dict[str, NDArray[np.generic]] = {
        "between": between.astype(np.float16),
        "within": inside.astype(np.float16),
        "quantiles": table.astype(np.float16),
        "statistics_mean": mean.astype(np.float16),
        "statistics": effect.astype(np.float16),
    }
    for block in BLOCKS:
        vectors = blocks[block].vectors
        scales = np.abs(vectors).max(axis=1) / 127
        arrays[f"{block}_vectors"] = np.round(vectors / scales[:, None]).astype(np.int8)
        arrays[f"{block}_scales"] = scales.astype(np.float32)
        arrays[f"{block}_mean"] = (mean_shape.ravel() if block == "shape" else blocks[block].mean).astype(np.float32)
    return arrays


def mirrored_window(textures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Luma of the detail window of every photo in the mirror."""
    return np.stack([full_luma(np.ascontiguousarray(texture[:, ::-1]))[DETAIL] for texture in textures])


if __name__ == "__main__":
    main()
