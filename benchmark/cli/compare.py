"""Compare run folders: say whether the second is better than the first, and show every number side by side."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from benchmark.cli.printed_json import print_json
from benchmark.errors import RequestError

REGRESSION = 3
"""Exit status with ``--fail-on-regression`` where a method is worse."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Two folders or more."""
    parser.add_argument("a", type=Path, metavar="A", help="a run folder, e.g. reports/2026-01-01_120000_synthetic")
    parser.add_argument(
        "others", type=Path, nargs="+", metavar="B", help="one or more run folders, each compared with A"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of the comparison (default: reports/compare_A_B)"
    )
    parser.add_argument(
        "--format",
        choices=("text", "markdown", "json"),
        default="text",
        help="what is printed: the answer and the page's path, Markdown for a pull request, or JSON (default: text)",
    )
    parser.add_argument(
        "--fail-on-regression",
        action="store_true",
        help=f"end with status {REGRESSION} if a paired, corrected test finds a method worse in B than in A, and with "
        "status 2 and the reason if nothing could be tested",
    )


def execute(options: argparse.Namespace) -> int:
    """Write the pages and print the answers."""
    from benchmark import compare_runs  # noqa: PLC0415  # imports pandas: not for --help

    worse, not_judged = False, []
    for place, other in enumerate(options.others):
        out = options.out
        if out is not None and len(options.others) > 1:
            out = out / f"{place + 1}_{other.resolve().name}"
        compared = compare_runs(options.a, other, out)
        worse = worse or bool(compared.answer["worse"])
        if compared.answer["not_judged"]:
            not_judged.append(f"{options.a} and {other}: {compared.answer['not_judged']}")
        if options.format == "text":
            print(compared.answer["sentence"], *compared.answer["remarks"], sep="\n")
            print(f"comparison: {compared.page.resolve()}")
        else:
            as_json = options.format == "json"
            file = compared.folder / "compare.json" if as_json else compared.markdown
            text = file.read_text(encoding="utf-8")
            if as_json:
                print_json(text)
            else:
                print(text, end="")
    if not options.fail_on_regression:
        return 0
    why = f"cannot tell whether a method is worse in B. {' '.join(not_judged)}" if not_judged else ""
    if why and not worse:
        raise RequestError(why)
    if why:
        logging.getLogger(__name__).warning(why)
    return REGRESSION if worse else 0
