"""Measures the face detectors: what they find with and without masks, how fast, and how their boxes differ.

    python docs/measure_face_detectors.py rates --data-root LFW --photos 2000 --masked 300
    python docs/measure_face_detectors.py boxes --data-root FACES-TRAIN --photos 700

`rates` takes a seeded sample of the photos below the folder. A photo counts as found by a chain if one of its face
detectors finds a face that most of the landmarks are inside of. Masks are placed by dlib-hog's face or, where it finds
none, by mtcnn's, so that photos that dlib-hog misses take part, too; "elsewhere" counts faces found on the masked photo
that do not overlap that one, "misplaced" those that do but whose eyes are, on average, over a tenth of the outer eye
distance from where they were; in brackets, for chains, what the second face detector alone contributed. Times are
processor seconds of one thread, with landmarks, without reading the photo.

`boxes` is where the constants of `landmark_boxes` come from: photos in which dlib-hog and mtcnn find the same face.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmark.acquisition.detection import FaceSearch, FoundFace
from benchmark.acquisition.face_detectors.mtcnn import Mtcnn
from benchmark.acquisition.landmarks import place_landmarks
from benchmark.config import DEFAULT_MASKS
from benchmark.datasets.photo_reading import read_photo
from benchmark.errors import ImageRefused
from benchmark.faces import FaceGeometry, Image
from benchmark.masking.resolve import mask_style
from benchmark.seeds import generator_for

_SUFFIXES = (".jpg", ".webp", ".png")
_EYES = slice(36, 48)
_MISPLACED = 0.1
"""Eyes moved by more than this share of the outer eye distance are not where the recogniser's crop needs them."""


def main() -> None:
    """Read the options, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("rates", "boxes"))
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=2000, help="(default: %(default)s)")
    parser.add_argument("--masked", type=int, default=300, help="of them, each with every mask (default: %(default)s)")
    parser.add_argument("--masks", default=",".join(DEFAULT_MASKS))
    parser.add_argument("--chains", default="dlib-hog mtcnn dlib-hog,mtcnn", help="separated by spaces")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    files = sorted(path for path in options.data_root.rglob("*") if path.suffix in _SUFFIXES)
    order = generator_for(options.seed, "face-detectors").permutation(len(files))[: options.photos]
    chosen = [files[row] for row in order]
    if options.what == "boxes":
        compare_boxes(chosen)
        return
    chains = [tuple(chain.split(",")) for chain in options.chains.split()]
    print(f"{len(chosen)} of {len(files)} photos below {options.data_root.name}\n")
    for chain in chains:
        _find(FaceSearch(chain), read_photo(chosen[0]))  # loads the models
    raw_rates(chosen, chains)
    masked_rates(chosen[: options.masked], chains, options.masks.split(","), options.seed)


@dataclass
class _Tally:
    """What one chain made of the photos shown to it."""

    found_by: Counter[str] = field(default_factory=Counter)
    elsewhere: Counter[str] = field(default_factory=Counter)
    misplaced: Counter[str] = field(default_factory=Counter)
    eyes_moved: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def in_words(self, chain: Sequence[str], drawn: int) -> str:
        """A cell of the table of masked photos."""
        counts = [(self.found_by, "found"), (self.elsewhere, "elsewhere"), (self.misplaced, "misplaced")]
        words = [f"{self.found_by.total() / drawn:.1%}"]
        words += [f"{count.total()} {what}" for count, what in counts[1:]]
        words.append(f"eyes {np.median(self.eyes_moved):.1%}")
        if len(chain) > 1:
            added = ", ".join(f"{count[chain[-1]]} {what}" for count, what in counts)
            words.append(f"({chain[-1]}: {added})")
        return "; ".join(words)


def raw_rates(files: Sequence[Path], chains: Sequence[tuple[str, ...]]) -> None:
    """Photos whose face each chain finds, who of the chain found it, and how long that took."""
    tallies = {chain: _Tally() for chain in chains}
    for file in files:
        _show(read_photo(file), None, tallies)
    print("| face detectors | found | failed | found by | ms per photo | speed |\n|---|---|---|---|---|---|")
    slowest = tallies[chains[0]].seconds
    for chain, tally in tallies.items():
        found = tally.found_by.total()
        who = ", ".join(f"{name} {tally.found_by[name]}" for name in chain) if len(chain) > 1 else "–"
        print(
            f"| `{','.join(chain)}` | {found / len(files):.2%} | {len(files) - found} | {who} | "
            f"{1000 * tally.seconds / len(files):.0f} | {slowest / tally.seconds:.2f} |",
            flush=True,
        )


def masked_rates(files: Sequence[Path], chains: Sequence[tuple[str, ...]], masks: Sequence[str], seed: int) -> None:
    """Of masked photos, how many each chain still finds, and how far the eyes have moved."""
    reference = FaceSearch(("dlib-hog", "mtcnn"))
    print("\n| mask | drawn | " + " | ".join(f"`{','.join(chain)}`" for chain in chains) + " |")
    print("|---|---|" + "---|" * len(chains))
    for name in masks:
        style, drawn = mask_style(name), 0
        tallies = {chain: _Tally() for chain in chains}
        for file in files:
            photo = read_photo(file)
            face = _find(reference, photo)
            if face is None:
                continue
            try:
                masked = style.draw(photo, face.geometry.landmarks, generator_for(seed, "mask", name, file.name)).photo
            except ImageRefused:
                continue
            drawn += 1
            _show(masked, face.geometry, tallies)
        cells = [tally.in_words(chain, drawn) for chain, tally in tallies.items()]
        print(f"| `{name}` | {drawn} | " + " | ".join(cells) + " |", flush=True)


def _show(photo: Image, true: FaceGeometry | None, tallies: Mapping[tuple[str, ...], _Tally]) -> None:
    """Show a photo to every face detector once, and enter what each chain would have made of it."""
    found: dict[str, FoundFace | None] = {}
    seconds: dict[str, float] = {}
    for chain, tally in tallies.items():
        for name in chain:
            if name not in found:
                started = time.process_time()
                found[name] = _find(FaceSearch((name,)), photo)
                seconds[name] = time.process_time() - started
            face = found[name]
            tally.seconds += seconds[name]
            if face is None:
                continue
            if true is None or _overlap(face.geometry, true) > 0:
                tally.found_by[name] += 1
            else:
                tally.elsewhere[name] += 1
            if true is not None and _overlap(face.geometry, true) > 0:
                moved = _eyes_moved(face.geometry, true)
                tally.eyes_moved.append(moved)
                tally.misplaced[name] += moved > _MISPLACED
            break


def compare_boxes(files: Sequence[Path]) -> None:
    """The square that dlib-hog draws, in terms of mtcnn's key points, and what landmarks started from either differ."""
    mtcnn, hog = Mtcnn(), FaceSearch(("dlib-hog",))
    sides, centres, errors = [], [], []
    for file in files:
        photo = read_photo(file)
        face, others = _find(hog, photo), mtcnn.detect([photo])[0]
        if face is None or not len(others) or others.key_points is None:
            continue
        box, landmarks = face.geometry.box, face.geometry.landmarks
        centre = (box[:2] + box[2:]) / 2
        points = others.key_points[np.abs(others.key_points.mean(axis=1) - centre).sum(axis=1).argmin()]
        if np.abs(points.mean(axis=0) - centre).max() > (box[2] - box[0]) / 2:
            continue
        mean = points.mean(axis=0)
        spread = float(np.sqrt(((points - mean) ** 2).sum() / 5))
        sides.append((box[2] - box[0]) / spread)
        centres.append((centre - mean) / spread)
        nearest = np.abs(others.landmark_boxes[:, :2] - box[:2]).sum(axis=1).argmin()
        again = place_landmarks(photo, others.landmark_boxes[nearest])
        between = np.linalg.norm(landmarks[36] - landmarks[45])
        errors.append(float(np.linalg.norm(again - landmarks, axis=1).mean() / between))
    print(f"{len(sides)} photos with the same face")
    print(f"side of the square: {np.median(sides):.3f} spreads (middle half {_middle_half(sides)})")
    print(f"its centre from the key points' mean: {np.median(centres, axis=0).round(3).tolist()} spreads")
    middle, most = np.quantile(errors, (0.5, 0.95))
    print(f"landmarks moved, of the outer eye distance: median {middle:.2%}, 95 %: {most:.2%}")


def _find(search: FaceSearch, photo: Image) -> FoundFace | None:
    found = search.find_all([photo])[0]
    return None if isinstance(found, ImageRefused) else found


def _overlap(a: FaceGeometry, b: FaceGeometry) -> float:
    """Area that the bounds of two faces' landmarks share, pixels."""
    first = np.maximum(a.landmarks.min(axis=0), b.landmarks.min(axis=0))
    last = np.minimum(a.landmarks.max(axis=0), b.landmarks.max(axis=0))
    return float(np.maximum(last - first, 0).prod())


def _eyes_moved(a: FaceGeometry, b: FaceGeometry) -> float:
    """Mean distance of the eyes' landmarks, in outer eye distances of `b`."""
    between = np.linalg.norm(b.landmarks[36] - b.landmarks[45])
    return float(np.linalg.norm(a.landmarks[_EYES] - b.landmarks[_EYES], axis=1).mean() / between)


def _middle_half(values: Sequence[NDArray[np.float32] | float]) -> str:
    low, high = np.quantile(values, (0.25, 0.75))
    return f"{low:.2f} to {high:.2f}"


if __name__ == "__main__":
    main()
