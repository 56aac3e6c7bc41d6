"""Draw masks on a folder of photos and export paired folders to train on."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmark.cli.shared_flags import (
    add_cost_flags,
    add_face_flags,
    add_ignore_flag,
    add_plugin_flag,
    given_face_flags,
    load_plugins,
)
from benchmark.config import DEFAULT_MASKS, load_config
from benchmark.datasets.image_costs import ReadingLimits


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Folders, size and styles."""
    parser.add_argument(
        "--input", type=Path, required=True, metavar="DIR", help="folder of photos; sub-folders are searched too"
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help="where unmasked/, masked/, true_mask/ and manifest.csv are written",
    )
    parser.add_argument(
        "--size", type=int, default=64, metavar="N", help="side of the face crops in pixels (default: 64)"
    )
    parser.add_argument(
        "--masks",
        default=",".join(DEFAULT_MASKS),
        metavar="A,B",
        help="names, template:FILE.png, or all (default: %(default)s)",
    )
    add_face_flags(parser)
    add_cost_flags(parser)
    add_ignore_flag(parser)
    parser.add_argument("--weights", action="append", metavar="NAME=FILE", help="the weights file of a face detector")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed for every random choice (default: 0)")
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="number of processes (default: one per core)"
    )
    parser.add_argument("--fresh", action="store_true", help="replace what an earlier export wrote")
    parser.add_argument("--quiet", action="store_true", help="print no progress bar")
    add_plugin_flag(parser)


def execute(options: argparse.Namespace) -> int:
    """Export the folders and say how many faces are in them."""
    from benchmark.acquisition.resolve import only_face_detector_files, resolve_face_search  # noqa: PLC0415  # imports dlib: not for --help
    from benchmark.machine.processor_time import available_cores  # noqa: PLC0415
    from benchmark.masking.export import export_pairs  # noqa: PLC0415  # imports dlib and OpenCV: not for --help
    from benchmark.plugins import MASKS  # noqa: PLC0415
    from benchmark.progress import Progress  # noqa: PLC0415

    load_plugins(options.plugin)
    styles = MASKS.names() if options.masks == "all" else tuple(options.masks.split(","))
    faces = load_config(None, {**given_face_flags(options), "weights": options.weights or ()})
    search = resolve_face_search(
        faces.face_detectors, files=only_face_detector_files(faces.weights), min_face=faces.min_face
    )
    summary = export_pairs(
        options.input,
        options.output,
        styles=styles,
        size=options.size,
        seed=options.seed,
        workers=options.workers or available_cores(),
        fresh=options.fresh,
        ignore=getattr(options, "ignore", ()),
        face_search=search,
        limits=ReadingLimits(faces.max_megapixels, faces.max_decode_seconds),
        progress=Progress(quiet=options.quiet),
    )
    print(summary)
    return 0
