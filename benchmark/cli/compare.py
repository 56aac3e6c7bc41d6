"""Compare two run folders: every number side by side."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Two folders."""
    parser.add_argument("a", type=Path, metavar="A", help="a run folder, e.g. reports/2026-01-01_120000_synthetic")
    parser.add_argument("b", type=Path, metavar="B", help="another one")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: reports/compare_A_B)")


def execute(options: argparse.Namespace) -> int:
    """Write ``compare.html`` and ``deltas.csv`` and say where."""
    from benchmark import compare_runs  # noqa: PLC0415  # imports pandas: not for --help

    print(f"comparison: {compare_runs(options.a, options.b, options.out).page.resolve()}")
    return 0
