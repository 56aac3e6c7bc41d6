"""Sets completers beside each other on validation people, with the true masks as holes.

    python docs/measure_completers.py --dataset faces-train=DIR reports/trained/glcic reports/trained/co-mod-gan
    python docs/measure_completers.py --dataset faces-train=DIR --methods mean-face,telea,glcic,paired-gan

Folders are what `run_benchmark.py train` wrote; methods that are named use these (`--methods gan-prior` with the folder
of its face generator), or else the weights that travel with the program.
Detectors take no part: what differs is how the hole is filled. KID and FID are over a recogniser's embeddings, raw
faces against restored ones of the same photos, so the masked faces themselves (first line) are a mark to beat.
A method whose loss saw the recogniser is marked: ask another one with --recogniser.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch

from benchmark.acquisition.detection import FaceSearch
from benchmark.acquisition.step import acquire
from benchmark.artifacts import ArtifactStore
from benchmark.config import RunConfig, load_config
from benchmark.context import RunContext
from benchmark.errors import BenchmarkError, RequestError
from benchmark.ledger import Ledger
from benchmark.masking.choice import choose_style
from benchmark.masking.step import mask_photos
from benchmark.methods.base import Unmasker, trainable_parameters
from benchmark.methods.resolve import resolve_method, resolve_parts
from benchmark.methods.step import fit, unmask
from benchmark.methods.trained_networks import TrainedNetworks
from benchmark.methods.trained_weights import TrainedWeights, shipped_weights
from benchmark.pipeline.planning.plan import mask_names
from benchmark.pipeline.planning.training_sources import TrainingSources, choose_training
from benchmark.pipeline.training_pairs import make_training_pairs
from benchmark.plugins import METHODS, RECOGNISERS
from benchmark.progress import Progress
from benchmark.recognisers.step import recognise
from benchmark.verification import image_quality
from benchmark.verification.feature_distance import frechet_distance, kernel_distance, kernel_distance_error
from benchmark.verification.image_quality import mean_over
from benchmark.verification.measurement import ProbeFeatures
from benchmark.views import MaskedView, PhotoSet, View

_FITTED_ON = 1000
"""Training photos for what learns in seconds, such as the mean face."""


def main() -> None:
    """Read the options, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, help="weights that `train` wrote")
    parser.add_argument("--methods", default="mean-face,telea", help="(default: %(default)s)")
    parser.add_argument("--dataset", default="synthetic", metavar="NAME[=DIR]", help="(default: %(default)s)")
    parser.add_argument("--masks", default="all")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--limit", type=int, default=500, help="validation photos (default: %(default)s)")
    parser.add_argument("--recogniser", default="face_recognition")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=RunConfig().cache)
    options = parser.parse_args()
    given = {found.card.method: found for found in map(TrainedWeights, options.folders)}
    names = options.methods.split(",")
    names += [_name(found) for method, found in given.items() if _restores(found) and method not in names]
    torch.set_num_threads(1)  # seconds per face that can be compared
    config = load_config(
        None,
        {
            "train_dataset": options.dataset,
            "masks": options.masks,
            "size": options.size,
            "seed": options.seed,
            "cache": options.cache,
            "train_limit": _FITTED_ON,
        },
    )
    context = RunContext(ArtifactStore(config.cache), Ledger(), Progress(quiet=True), 1, "cpu", config.seed)
    training = choose_training(config)
    view = validation_view(training, config, options.limit, context)
    print("| method | hole PSNR dB | hole SSIM | KID ± s.e. | FID | ms a face | parameters | saw the recogniser |")
    print("|---|---|---|---|---|---|---|---|")
    judge = _Judge(options.recogniser, view, context)
    print(judge.line("masked", view))
    for name in names:
        method, keys = _ready(name, given, training, config, context)
        restored = unmask(method, view, trained_on=keys, name=method.label, context=context)
        saw = "yes" if options.recogniser in method.card.saw_recognisers else "no"
        count = sum(trainable_parameters(network) for network in method.networks().values())
        label = name.removesuffix(":tuned").removesuffix(":default")
        print(
            judge.line(label, restored.view, f"{1000 * restored.seconds_per_image:.1f}", f"{count:,}", saw), flush=True
        )


def _restores(found: TrainedWeights) -> bool:
    """Whether the weights are those of a method; a part, such as a generator of faces, works inside one."""
    return issubclass(METHODS.load(found.card.method), Unmasker)


def _name(found: TrainedWeights) -> str:
    return f"{found.card.method}:{found.card.preset}"


def validation_view(training: TrainingSources, config: RunConfig, limit: int, context: RunContext) -> MaskedView:
    """Masked faces of people whom no method has learned from: of the first data set, spread over its photos."""
    source = training.sources[0]
    rows = np.unique(np.linspace(0, len(source.validation) - 1, limit).astype(int))
    photos = tuple(source.validation[row] for row in rows)
    if not photos:
        raise RequestError(f"data set '{source.dataset_name}' sets no validation people aside")
    types = [choose_style(mask_names(config), config.seed, photo.image_id) for photo in photos]
    acquired = acquire(PhotoSet(source.dataset_name, source.dataset, photos, "validation"), FaceSearch(), context)
    return mask_photos(acquired, types, size=config.size, search=None, context=context)


def _ready(
    name: str, given: Mapping[str, TrainedWeights], training: TrainingSources, config: RunConfig, context: RunContext
) -> tuple[Unmasker, list[str]]:
    """The method with its weights, told the true mask where it needs one, and the keys of what it learned."""
    alone = resolve_parts(name, seed=config.seed)[-1]
    wants_holes = isinstance(alone, Unmasker) and alone.needs_holes
    method = resolve_method(f"true-mask+{name}" if wants_holes else name, seed=config.seed)
    if not isinstance(method, Unmasker):
        raise RequestError(f"'{name}' restores no face")
    weights = {}
    for part in method.parts():
        stored = given.get(part.name) or shipped_weights(part.name, part.preset, config.size)
        if stored is not None and part.trains:
            weights[part.label] = stored
        elif isinstance(part, TrainedNetworks):
            raise RequestError(
                f"no weights of '{part.label}' travel with the program; name a folder that `train` wrote"
            )
    lacking = any(part.trains and part.label not in weights for part in method.parts())
    pairs = make_training_pairs(training, mask_names(config), config.size, FaceSearch(), context) if lacking else None
    learned = fit(method, pairs, weights, context)
    return method, [part.key for part in learned.values()]


class _Judge:
    """Holds the raw faces and what the recogniser says of them."""

    def __init__(self, recogniser: str, view: MaskedView, context: RunContext) -> None:
        self._name, self._view, self._context = recogniser, view, context
        self._recogniser = RECOGNISERS.load(recogniser)()
        self._raw = recognise(recogniser, self._recogniser, view.unmasked(), shown="raw", context=context).values
        codes = {photo.subject_id: code for code, photo in enumerate(view.photo_set.photos)}
        self._subjects = np.array([codes[photo.subject_id] for photo in view.photo_set.photos], dtype=np.int32)

    def line(self, label: str, shown: View, *rest: str) -> str:
        """One row of the table."""
        return "| " + " | ".join([label, *self._figures(shown), *(rest or ("", "", ""))]) + " |"

    def _figures(self, shown: View) -> Iterator[str]:
        rows = [row for row in range(len(shown)) if not shown.failed(row)]
        true, restored = (np.asarray(view.faces.pixels[rows]) for view in (self._view.unmasked(), shown))
        holes = np.asarray(self._view.holes[rows]) > 0
        squared_errors = mean_over(image_quality.squared_error_map(true, restored), holes)
        yield f"{image_quality.psnr(float(np.nanmean(squared_errors))):.2f}"
        yield f"{float(np.nanmean(mean_over(image_quality.ssim_map(true, restored), holes))):.3f}"
        embedded = recognise(self._name, self._recogniser, shown, shown="shown", context=self._context).values
        everyone = np.arange(len(shown))
        sample = ProbeFeatures(everyone, self._raw, everyone, embedded, everyone).sample(
            self._subjects, self._context.seed
        )
        error = kernel_distance_error(sample.raw, sample.shown, sample.subjects, seed=sample.seed)
        yield f"{kernel_distance(sample.raw, sample.shown):.4f} ± {error:.4f}"
        faces, features = sample.raw.shape
        yield f"{frechet_distance(sample.raw, sample.shown):.2f}" if faces > features else "too few faces"


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as error:
        raise SystemExit(f"measure_completers: {error}") from error
