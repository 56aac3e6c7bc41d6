"""Trains the segmenter without some mask types, and measures how it finds just these.

    python docs/measure_left_out_masks.py --dataset faces-train=DIR,synthetic --left-out surgical,kn95 --steps 3000

The pairs are those of `train --method segmenter --masks all`, less those that wear a left-out type. Measured on the
validation people whose mask is of such a type, by the new weights and by those that travel with the program, which have
seen it: intersection over union with the true mask, its share that is found, and faces on which nothing is found.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmark.artifacts import ArtifactStore
from benchmark.config import RunConfig, load_config
from benchmark.context import RunContext
from benchmark.ledger import Ledger
from benchmark.masked_faces import MaskedPairs
from benchmark.methods.detectors.segmenter import Segmenter
from benchmark.methods.trained_weights import shipped_weights
from benchmark.pipeline.planning.plan import face_search_of, mask_names
from benchmark.pipeline.planning.training_sources import choose_training
from benchmark.pipeline.training_pairs import make_training_pairs
from benchmark.progress import Progress
from benchmark.views import MaskedView


def main() -> None:
    """Read the options, train, print one line per set of weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="synthetic", metavar="A=DIR,B", help="(default: %(default)s)")
    parser.add_argument("--left-out", default="surgical,kn95", metavar="A,B", help="(default: %(default)s)")
    parser.add_argument("--steps", type=int, default=3000, help="(default: %(default)s)")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--train-limit", type=int, default=40_000)
    parser.add_argument("--cache", type=Path, default=RunConfig().cache)
    options = parser.parse_args()
    torch.set_num_threads(1)
    left_out = options.left_out.split(",")
    settings = {"train_dataset": options.dataset, "masks": "all", "size": options.size, "cache": options.cache}
    config = load_config(None, {**settings, "train_limit": options.train_limit})
    context = RunContext(ArtifactStore(config.cache), Ledger(), Progress(quiet=False), 1, "cpu", config.seed)
    search = face_search_of(config, "cpu")
    made = make_training_pairs(choose_training(config), mask_names(config), config.size, search, context)
    validation = made.pairs.validation
    if validation is None:
        parser.error("there are no validation people")
    of_types = _wear(made.validation_views, left_out)
    unseen = made.pairs.rows(np.flatnonzero(~_wear(made.views, left_out)))
    detector = Segmenter(seed=config.seed)
    detector.set_steps(options.steps)
    detector.fit(replace(unseen, validation=validation.rows(np.flatnonzero(~of_types))), progress=context.progress)
    test = validation.rows(np.flatnonzero(of_types))
    print(f"trained on {len(unseen)} of {len(made.pairs)} pairs, without {', '.join(left_out)}")
    print(f"without them: {_figures(detector, test)}")
    shipped = shipped_weights("segmenter", detector.preset, options.size)
    if shipped is not None:
        detector = Segmenter()
        detector.load(shipped.folder)
        print(f"as shipped:   {_figures(detector, test)}")


def _wear(views: Sequence[MaskedView], mask_types: Collection[str]) -> NDArray[np.bool_]:
    """Which of the pairs that `views` became wear one of `mask_types`, ``bool (N,)``."""
    worn = [view.mask_types[row] for view in views for row in range(len(view)) if not view.failed(row)]
    return np.isin(worn, list(mask_types))


def _figures(detector: Segmenter, test: MaskedPairs) -> str:
    found, true = detector.detect(test.masked, None, ()) > 0, test.holes > 0
    both, either = (found & true).sum((1, 2)), (found | true).sum((1, 2))
    missed = int((~found.any((1, 2))).sum())
    return (
        f"{len(test)} faces, IoU {(both / either).mean():.3f}, "
        f"found {(both / true.sum((1, 2))).mean():.3f} of the mask, nothing on {missed}"
    )


if __name__ == "__main__":
    main()
