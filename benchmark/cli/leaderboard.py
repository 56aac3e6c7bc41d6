"""Put stored runs on one page: by data set and recogniser, each recomputed from its scores first."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Folders."""
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders, e.g. reports/*")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("reports/leaderboard"),
        metavar="DIR",
        help="where to write leaderboard.html, leaderboard.md and leaderboard.csv (default: %(default)s)",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def execute(options: argparse.Namespace) -> int:
    """Write the page, say where it is, and which runs were refused."""
    from benchmark.progress import Progress  # noqa: PLC0415
    from benchmark.reporting.leaderboard.build import write_leaderboard  # noqa: PLC0415  # imports pandas

    made = write_leaderboard(options.runs, options.out, Progress(quiet=options.quiet))
    for one in made.refused:
        print(f"{'refused' if one.is_run else 'passed over'}: {one.name}: {one.reason}", file=sys.stderr)
    print(f"leaderboard: {made.page.resolve()}")
    return 1 if any(one.is_run for one in made.refused) else 0
