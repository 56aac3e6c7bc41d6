"""Run the benchmark and write a report (the default)."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmark.cli.shared_flags import add_cost_flags, add_face_flags, add_ignore_flag, add_plugin_flag, load_plugins
from benchmark.config import ARMS, CONDITIONS, DEFAULT_MASKS, RunConfig, load_config
from benchmark.engine.limits import ATTEMPTS, SECONDS_TO_CHECK, SECONDS_TO_CONNECT, SECONDS_WITHOUT_MACHINES
from benchmark.plugin_failures import PluginFailure
from benchmark.storage.remote_folders import address_of

NOT_SETTINGS = ("subcommand", "verbose", "config", "plugin", "dry_run")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Every flag's default is in `RunConfig`; a flag left out does not override the YAML file."""
    parser.argument_default = argparse.SUPPRESS
    defaults = RunConfig()
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="YAML file of settings; flags override it")
    add_plugin_flag(parser)
    what = parser.add_argument_group("what is tested")
    what.add_argument("--dataset", metavar="NAME", help=f"see `list datasets` (default: {defaults.dataset})")
    what.add_argument(
        "--data-root",
        metavar="DIR|URL",
        help="folder of the data set, or its address in a store that fsspec knows (it is copied into --cache)",
    )
    what.add_argument(
        "--protocol", metavar="NAME", help="which comparisons are made (default: the data set's first protocol)"
    )
    what.add_argument(
        "--methods",
        metavar="A,B",
        help="names, NAME:PRESET, DETECTOR+COMPLETER or DETECTOR+ADAPTER, onnx:FILE or FILE.py:ATTR of an inpainting "
        "network, fusion:FILE or gate:FILE that `fuse` wrote, all, or best: one restoration, one adapter and one "
        "baseline (default: all)",
    )
    what.add_argument(
        "--recognisers",
        metavar="A,B",
        help="names, onnx:FILE, MODULE:ATTR of a torch module, or all (default: all that work here)",
    )
    what.add_argument(
        "--masks", metavar="A,B", help=f"names, template:FILE.png, or all (default: {','.join(DEFAULT_MASKS)})"
    )
    what.add_argument("--conditions", metavar="A,B", help=f"any of {','.join(CONDITIONS)} (default: all)")
    what.add_argument(
        "--size", type=int, metavar="N", help=f"side of the face crops in pixels, 64 to 1024 (default: {defaults.size})"
    )
    what.add_argument(
        "--acquisition", metavar="A,B", help=f"any of {','.join(ARMS)} (default: {','.join(defaults.acquisition)})"
    )
    add_face_flags(what)
    add_cost_flags(what)
    add_ignore_flag(what)
    what.add_argument(
        "--allow-duplicates",
        action="store_true",
        help="run even if one photo is labelled as two people; it is compared as labelled",
    )
    what.add_argument("--seed", type=int, metavar="N", help=f"seed for every random choice (default: {defaults.seed})")
    what.add_argument("--limit", type=int, metavar="N", help="at most N test subjects (or listed comparisons)")
    what.add_argument(
        "--passthrough",
        type=int,
        metavar="N",
        help=f"number of unmasked probes sent through every method (default: {defaults.passthrough})",
    )
    what.add_argument(
        "--hole-margin",
        type=float,
        metavar="SHARE",
        help="close gaps in the masks that detectors find and widen them by this share of the crop's side, up to 0.25 "
        f"(default: {defaults.hole_margin:g}); 0.016 leaves fewer strips of worn masks",
    )
    learn = parser.add_argument_group("what methods learn from")
    learn.add_argument(
        "--train-dataset",
        metavar="A,B=DIR",
        help="one or more data sets, each with its folder if it needs one "
        f"(default: {','.join(defaults.train_dataset)})",
    )
    learn.add_argument("--train-root", metavar="DIR", help="folder of the training data set, if there is only one")
    learn.add_argument(
        "--train-limit", type=int, metavar="N", help=f"at most N training photos (default: {defaults.train_limit})"
    )
    learn.add_argument(
        "--mask-draws",
        type=int,
        metavar="N",
        help=f"number of masks drawn on each training photo (default: {defaults.mask_draws})",
    )
    learn.add_argument(
        "--weights",
        action="append",
        metavar="NAME=PATH",
        help="the weights file of a recogniser, face detector or metric, or the folder that `train` wrote for a "
        "method or mask detector (for an adapter: adapt@RECOGNISER=DIR), which replaces the weights shipped with the "
        "program",
    )
    learn.add_argument(
        "--retrain", action="store_true", help="train again instead of using the weights shipped with the program"
    )
    learn.add_argument(
        "--allow-unknown-overlap",
        action="store_true",
        help="run even if it is unknown whether the training and test sets share people; the results are marked",
    )
    measure = parser.add_argument_group("how it is measured")
    measure.add_argument(
        "--targets", metavar="A,B", help="false match rates at which thresholds are set (default: 0.01,0.001,0.0001)"
    )
    measure.add_argument(
        "--thresholds-from",
        metavar="RUN",
        help="folder of a finished run: use its thresholds, set on its raw faces, instead of setting new ones",
    )
    measure.add_argument(
        "--attributes",
        metavar="FILE.csv",
        help="table with a column subject_id or image_id and one column per attribute; error rates per group go to "
        "groups.csv",
    )
    measure.add_argument(
        "--replicates",
        type=int,
        metavar="N",
        help=f"number of replicates of the subject bootstrap (default: {defaults.replicates})",
    )
    machine = parser.add_argument_group("where and how it runs")
    machine.add_argument("--device", choices=("auto", "cpu", "cuda"), help="device of the networks (default: auto)")
    machine.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        help="precision of the recognisers; auto: bfloat16 if the device supports it natively (default: float32)",
    )
    machine.add_argument(
        "--workers", type=int, metavar="N", help="number of processes for work on single images (default: one per core)"
    )
    machine.add_argument(
        "--engine",
        choices=("local", "ray"),
        help="where the work on images is done: on this machine, or by Ray (the extra [ray]; default: local)",
    )
    machine.add_argument(
        "--ray-address",
        metavar="HOST:PORT",
        help="the running Ray cluster to use, or auto for the one on this machine (default: start Ray here for this "
        f"run); refused if it does not answer within {SECONDS_TO_CONNECT:g} seconds, or one of its machines within "
        f"{SECONDS_TO_CHECK:g}; the run ends if there has been no machine for {SECONDS_WITHOUT_MACHINES:g} seconds, or "
        f"if one piece of work has lost its process or machine {ATTEMPTS} times",
    )
    machine.add_argument(
        "--out",
        metavar="DIR|URL",
        help="folder of the run (default: a new folder in reports/), or an address to which the finished run is copied",
    )
    machine.add_argument(
        "--cache", metavar="DIR", help=f"where intermediate results are kept (default: {defaults.cache})"
    )
    machine.add_argument(
        "--dry-run",
        action="store_true",
        help="print the plan, what is stored already, and an estimate of time and disk; compute and write nothing",
    )
    machine.add_argument("--fresh", action="store_true", help="recompute everything")
    machine.add_argument(
        "--verify",
        action="store_true",
        help="check every byte of the stored results before using them, even of large files that look unchanged",
    )
    machine.add_argument(
        "--overwrite",
        action="store_true",
        help="replace the run in --out even if its settings differ; other files are kept",
    )
    machine.add_argument(
        "--no-photos",
        action="store_true",
        help="put no picture of a face into the report or its folder, because faces are private",
    )
    machine.add_argument(
        "--quiet", action="store_true", help="print no progress bars and no table, only the report's path"
    )


def execute(options: argparse.Namespace) -> int:
    """Carry out the run, print its table of methods, and say where the report is."""
    given: dict[str, Any] = {name: value for name, value in vars(options).items() if name not in NOT_SETTINGS}
    load_plugins(getattr(options, "plugin", []))
    config = load_config(getattr(options, "config", None), given)
    if getattr(options, "dry_run", False):
        from benchmark.api.forecast import forecast  # noqa: PLC0415  # imports PyTorch: not for --help

        print(forecast(config))
        return 0
    from benchmark import run  # noqa: PLC0415  # imports pandas: not for --help

    result = run(config)
    report = result.report
    address = address_of(config.out)
    where = report.resolve() if address is None else f"{address.rstrip('/')}/{report.name}"
    print(where if config.quiet else f"{result.terminal_table()}\n\nreport: {where}")
    failed = json.loads((report.parent / "manifest.json").read_text("utf-8"))["failed_plugins"]
    if failed:
        print("error: the run finished, but these plugins failed:", file=sys.stderr)
        for one in failed:
            print(f"  {PluginFailure(**one)}", file=sys.stderr)
    return 1 if failed else 0
