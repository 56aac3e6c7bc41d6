"""Print the tables of a run as Markdown, LaTeX, CSV or JSON."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmark.cli.printed_json import print_json

FORMAT_NAMES = ("markdown", "latex", "csv", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A folder and a format."""
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument("--format", choices=FORMAT_NAMES, default="markdown", help="output format (default: markdown)")
    parser.add_argument(
        "--target",
        type=float,
        metavar="FMR",
        help="false match rate of the thresholds (default: the strictest one of the run)",
    )
    parser.add_argument("--recogniser", metavar="NAME", help="show only this recogniser (default: all)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="output file (default: print to the terminal)")


def execute(options: argparse.Namespace) -> int:
    """Print, or write to a file and say where."""
    from benchmark.reporting.export.build import export_run  # noqa: PLC0415  # imports pandas: not for --help
    from benchmark.reporting.export.render import FORMATS  # noqa: PLC0415
    from benchmark.storage.atomic_files import storage_errors, write_atomically  # noqa: PLC0415
    from benchmark.storage.utf8 import as_utf8  # noqa: PLC0415

    exported = export_run(options.run, target=options.target, recogniser=options.recogniser)
    text = FORMATS[options.format](exported)
    if options.out is None:
        if options.format == "json":
            print_json(text)
        else:
            print(text, end="")
        return 0
    with storage_errors(options.out):
        options.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.out, as_utf8(text))
    print(f"export: {options.out.resolve()}")
    return 0
