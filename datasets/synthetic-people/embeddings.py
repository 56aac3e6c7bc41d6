"""Embeds every face of a folder of real photos with dlib's network, for the screening of synthetic people."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from landmarks import landmarks_of_folder, read_photo

from benchmark.progress import Progress
from benchmark.recognisers.face_recognition import FaceRecognition, face_chip

BATCH = 64


def embeddings_of_folder(
    folder: Path, cache: Path, *, workers: int, progress: Progress
) -> tuple[list[str], NDArray[np.float32]]:
    """Files in which a face is found, and their embeddings ``float32 (N, 128)``; kept below `cache`."""
    stored = cache / f"{folder.name}-embeddings.npz"
    if stored.exists():
        with np.load(stored, allow_pickle=False) as data:
            return [str(name) for name in data["files"]], data["embeddings"]
    files, points = landmarks_of_folder(
        folder, cache / f"{folder.name}-landmarks.npz", workers=workers, progress=progress
    )
    found = [(file, p[68:]) for file, p in zip(files, points, strict=True) if np.isfinite(p[0, 0])]
    recogniser = FaceRecognition()
    rows = []
    with progress.bar(f"embed {folder.name}", total=len(found), unit="photo") as bar:
        for start in range(0, len(found), BATCH):
            batch = found[start : start + BATCH]
            rows.append(recogniser.embed(np.stack([face_chip(read_photo(folder / f), p) for f, p in batch])))
            bar.update(len(batch))
    names = [file for file, _ in found]
    embeddings = np.concatenate(rows)
    np.savez(stored, files=np.array(names), embeddings=embeddings)
    return names, embeddings
