"""Train one method on one data set and keep what it learned."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmark.cli.shared_flags import add_cost_flags, add_face_flags, add_plugin_flag, given_face_flags, load_plugins
from benchmark.config import RunConfig, load_config
from benchmark.pipeline.planning.names import check_method_names, check_training_names
from benchmark.training.machines import Machines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Method, data set, size, device."""
    defaults = RunConfig()
    parser.add_argument("--method", required=True, metavar="NAME[:PRESET]", help="see `list methods`")
    parser.add_argument(
        "--dataset",
        default=",".join(defaults.train_dataset),
        metavar="A,B=DIR",
        help="one or more data sets, each with its folder if it needs one (default: %(default)s)",
    )
    parser.add_argument("--data-root", type=Path, metavar="DIR", help="folder of the data set, if there is only one")
    parser.add_argument(
        "--masks", default=",".join(defaults.masks), metavar="A,B", help="see `list masks` (default: %(default)s)"
    )
    parser.add_argument(
        "--size", type=int, default=defaults.size, metavar="N", help="side of the face crops (default: %(default)s)"
    )
    parser.add_argument(
        "--train-limit",
        type=int,
        default=defaults.train_limit,
        metavar="N",
        help="at most N training photos (default: %(default)s)",
    )
    parser.add_argument(
        "--mask-draws",
        type=int,
        default=defaults.mask_draws,
        metavar="N",
        help="number of masks drawn on each photo (default: %(default)s)",
    )
    add_face_flags(parser)
    add_cost_flags(parser)
    parser.add_argument(
        "--recogniser",
        metavar="NAME",
        help="the recogniser that an adapter is fitted to, named as in `run --recognisers`",
    )
    parser.add_argument(
        "--teachers",
        default="",
        metavar="A,B",
        help="recognisers in the loss of a method that learns to keep the identity (default: the preset's)",
    )
    parser.add_argument(
        "--weights",
        action="append",
        metavar="NAME=FILE",
        help="the weights file of a face detector, of the recogniser or of a teacher",
    )
    parser.add_argument("--steps", type=int, metavar="N", help="at most N training steps (default: the preset's)")
    parser.add_argument(
        "--start-from",
        type=Path,
        metavar="DIR",
        help="start from the weights in this folder, which `train` wrote, possibly at another size",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=defaults.seed,
        metavar="N",
        help="seed for every random choice (default: %(default)s)",
    )
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="training device (default: auto)"
    )
    parser.add_argument(
        "--devices",
        type=int,
        default=1,
        metavar="N",
        help="number of GPUs, or of processes on a CPU, of each machine (default: %(default)s)",
    )
    parser.add_argument(
        "--nodes",
        type=int,
        default=1,
        metavar="N",
        help="number of machines: start the same command on each, with its own --node; they wait up to ten minutes "
        "for each other (default: %(default)s)",
    )
    parser.add_argument(
        "--node", type=int, metavar="I", help="with --nodes: the number of this machine, from 0; 0 keeps the weights"
    )
    parser.add_argument(
        "--meet", metavar="HOST:PORT", help="with --nodes: a free port of machine 0, where the machines meet"
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help="number of processes for work on single images (default: one per core)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the weights and losses.csv (default: reports/trained/NAME)"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=defaults.cache,
        metavar="DIR",
        help="where intermediate results are kept (default: %(default)s)",
    )
    parser.add_argument("--fresh", action="store_true", help="train again, even if the weights are stored")
    parser.add_argument("--quiet", action="store_true", help="print no progress bars")
    add_plugin_flag(parser)


def execute(options: argparse.Namespace) -> int:
    """Train, and say where the weights are; a run with the same settings uses them."""
    load_plugins(options.plugin)
    machines = Machines.asked_for(options.nodes, options.node, options.meet)
    config = load_config(
        None,
        {
            "methods": options.method,
            "train_dataset": options.dataset,
            "train_root": options.data_root,
            "masks": options.masks,
            "size": options.size,
            "train_limit": options.train_limit,
            "mask_draws": options.mask_draws,
            "weights": options.weights or (),
            **({} if options.recogniser is None else {"recognisers": options.recogniser}),
            **given_face_flags(options),
            "seed": options.seed,
            "device": options.device,
            "workers": options.workers,
            "cache": options.cache,
            "fresh": options.fresh,
            "quiet": options.quiet,
        },
    )
    check_method_names(config.methods)
    check_training_names(config)
    from benchmark.pipeline.train_method import train_method  # noqa: PLC0415  # imports PyTorch: not for --help

    folder = train_method(
        config,
        options.out,
        recogniser=options.recogniser,
        steps=options.steps,
        start_from=options.start_from,
        devices=options.devices,
        machines=machines,
        teachers=[name for name in options.teachers.split(",") if name],
    )
    if folder is None:
        which = f"machine {machines.number} of {machines.count}"
        print(f"nothing to do for {which}: what is to be learned is stored already")
    elif machines.number:
        print(f"took part as machine {machines.number} of {machines.count}; machine 0 keeps what was learned")
    else:
        print(f"trained: {folder.resolve()}")
    return 0
