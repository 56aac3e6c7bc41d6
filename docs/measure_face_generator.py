"""How far a face generator's random faces are from real ones, and a sheet of them.

    python docs/measure_face_generator.py --dataset faces-train=DIR reports/trained/face-generator

Without a folder it takes the weights that travel with the program. FID and KID are over a recogniser's embeddings
(not Inception's), of as many random faces as real ones. As a mark, other real faces of the same data set are compared
with these as well: no generator can be nearer. A random face has no landmarks; every face, real or not, is therefore
aligned on the mean of the real faces' points.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from benchmark.acquisition.detection import FaceSearch
from benchmark.acquisition.step import acquire, crop_raw
from benchmark.artifacts import ArtifactStore
from benchmark.config import RunConfig, load_config
from benchmark.context import RunContext
from benchmark.errors import BenchmarkError, RequestError
from benchmark.faces import AlignedFaces, FaceGeometry, Photo
from benchmark.ledger import Ledger
from benchmark.masked_faces import to_pixels, to_tensor
from benchmark.methods.learned.face_generator import FaceGenerator
from benchmark.methods.learned.face_generator_networks import LATENT
from benchmark.methods.trained_weights import TrainedWeights, shipped_weights
from benchmark.pipeline.planning.training_sources import TrainingSource, choose_training
from benchmark.plugins import RECOGNISERS
from benchmark.progress import Progress
from benchmark.training.sample_sheet import write_sheet
from benchmark.verification.feature_distance import frechet_distance, kernel_distance
from benchmark.views import PhotoSet

_BATCH = 10
_SHEET = (5, 16)


def main() -> None:
    """Read the options, print the distances, draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="weights that `train` wrote")
    parser.add_argument("--dataset", default="synthetic", metavar="NAME[=DIR]", help="(default: %(default)s)")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--count", type=int, default=700, help="faces a set (default: %(default)s)")
    parser.add_argument("--recogniser", default="face_recognition")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", type=Path, help="PNG file to draw random faces to")
    parser.add_argument("--cache", type=Path, default=RunConfig().cache)
    options = parser.parse_args()
    config = load_config(
        None, {"train_dataset": options.dataset, "size": options.size, "seed": options.seed, "cache": options.cache}
    )
    context = RunContext(ArtifactStore(config.cache), Ledger(), Progress(quiet=True), 1, "cpu", config.seed)
    found = (
        TrainedWeights(options.folder) if options.folder else shipped_weights("face-generator", "tuned", config.size)
    )
    if found is None:
        raise RequestError("no weights of the face generator travel with the program; name a folder that `train` wrote")
    generator = FaceGenerator(preset=found.card.preset, seed=config.seed)
    generator.load(found.folder)

    source = choose_training(config).sources[0]
    real = _real_faces(source, source.validation, "validation", count=options.count, size=config.size, context=context)
    others = _real_faces(source, source.train, "train", count=options.count, size=config.size, context=context)
    random = _random_faces(generator, len(real.pixels), config.seed)
    points = np.asarray(real.five_points).mean(axis=0)
    recogniser = RECOGNISERS.load(options.recogniser)()

    def embedded(pixels: np.ndarray) -> np.ndarray:
        scale = pixels.shape[1] / config.size
        face = FaceGeometry(np.zeros(4, np.float32), np.zeros((68, 2), np.float32), (points + 0.5) * scale - 0.5)
        return recogniser.embed(np.stack([recogniser.chip(image, face) for image in pixels]))

    wanted = embedded(np.asarray(real.pixels))
    print("| faces | FID | KID |\n|---|---|---|")
    for label, pixels in (("random", random), ("other real faces", np.asarray(others.pixels))):
        features = embedded(pixels)
        print(f"| {label} | {frechet_distance(wanted, features):.4f} | {kernel_distance(wanted, features):.6f} |")
    if options.sheet:
        rows, columns = _SHEET
        faces = to_tensor(random[: rows * columns], "cpu")
        write_sheet(options.sheet, list(faces.split(columns)))


def _real_faces(
    source: TrainingSource, photos: tuple[Photo, ...], role: str, *, count: int, size: int, context: RunContext
) -> AlignedFaces:
    """Aligned faces of photos spread over `photos`; those in which no face was found are left out."""
    rows = np.unique(np.linspace(0, len(photos) - 1, count).astype(int))
    photo_set = PhotoSet(source.dataset_name, source.dataset, tuple(photos[row] for row in rows), role)
    view = crop_raw(acquire(photo_set, FaceSearch(), context), size, context)
    return view.take([row for row in range(len(view)) if not view.failed(row)]).faces


def _random_faces(generator: FaceGenerator, count: int, seed: int) -> np.ndarray:
    stream = torch.Generator().manual_seed(seed)
    with torch.inference_mode():
        batches = [
            to_pixels(generator.generate(torch.randn(_BATCH, LATENT, generator=stream)))
            for _ in range(-(-count // _BATCH))
        ]
    return np.concatenate(batches)[:count]


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as error:
        raise SystemExit(f"measure_face_generator: {error}") from error
