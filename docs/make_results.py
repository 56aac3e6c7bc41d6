"""Makes docs/results_lfw.md: carries out the runs that it publishes and writes their tables.

    python docs/make_results.py --lfw DIR --weights edgeface-xxs=FILE
    python docs/make_results.py --lfw DIR --weights … people-split    # only brings one run up to date

`PUBLISHED` lists the runs. One whose folder is missing, or was made with other settings or with weights that are no
longer those of the program, is carried out; stopped, it continues from the cache when it is started again. The page is
then written from the folders of all runs, with the tables of ``run_benchmark.py export``. It names the digests of all
weights that were measured, so that a test can tell when they are no longer those that travel with the program.

Adapters that do not travel with the program are named with ``--weights adapt@RECOGNISER=DIR``.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from published_runs import PUBLISHED, PublishedRun
from results_page import page

from benchmark.embedded_files import embedded
from benchmark.errors import BenchmarkError, RequestError
from benchmark.methods.shipped_weights import CARD
from benchmark.methods.trained_weights import TrainedWeights
from benchmark.named_weights import NamedWeights, named_weights
from benchmark.reporting.run_folder import read_finished

ROOT = Path(__file__).resolve().parents[1]


def main(given: Sequence[str] | None = None) -> int:
    """Carry out what is missing; write the page if all runs were asked for.

    Args:
        given: the command line without the script's name; None = that of the process.

    Returns:
        The exit status: that of a run that failed, 2 for a wrong request, 0 when everything is done.
    """
    options = _options(given)
    try:
        named = named_weights(options.weights, [name for run in PUBLISHED for name in run.judges_with_files])
        shipped = known_digests([embedded("weights")])
        usable = shipped | known_digests(named.parts.values())
        for run in PUBLISHED:
            folder = options.runs / run.name
            reason = out_of_date(run, folder, named, usable) if run.name in (options.names or [run.name]) else ""
            if reason:
                print(f"{run.name}: {reason}", file=sys.stderr)
                status = _carry_out(run, folder, options)
                if status:
                    return status
        if not options.names:
            options.page.write_text("\n".join(page(PUBLISHED, options.runs, shipped)) + "\n", encoding="utf-8")
            print(options.page)
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, RequestError) else 1
    return 0


def out_of_date(run: PublishedRun, folder: Path, named: NamedWeights, usable: set[str]) -> str:
    """Why the run must be carried out; empty if its folder holds it.

    Args:
        run: the run.
        folder: where it is or will be.
        named: files of judges, and folders of adapters that do not travel with the program.
        usable: digests of all weights of methods that there are now.
    """
    try:
        manifest = read_finished(folder)
    except RequestError as error:
        return str(error)
    for name, value in run.settings.items():
        if manifest["config"][name] != (list(value) if isinstance(value, tuple) else value):
            return f"it was made with another --{name.replace('_', '-')}"
    for judge, facts in manifest["recognisers"].items():
        file = named.recognisers.get(judge)
        if file is not None and facts["sha256"] != hashlib.sha256(file.read_bytes()).hexdigest():
            return f"its judge {judge} had other weights"
    changed = [label for label, facts in manifest["weights"].items() if facts["sha256"] not in usable]
    changed += [label for label in named.parts if label not in manifest["weights"] and run.takes(label)]
    return f"it was made with other weights of {', '.join(changed)}" if changed else ""


def known_digests(folders: Iterable[Path]) -> set[str]:
    """The digests of all weights of methods in and below `folders`."""
    return {TrainedWeights(card.parent).sha256 for folder in folders for card in folder.rglob(CARD)}


def _carry_out(run: PublishedRun, folder: Path, options: argparse.Namespace) -> int:
    command = [sys.executable, str(ROOT / "run_benchmark.py"), *run.arguments(), "--data-root", str(options.lfw)]
    command += [word for text in options.weights if run.takes(text) for word in ("--weights", text)]
    command += ["--out", str(folder), "--overwrite", "--cache", str(options.cache), "--no-photos"]
    return subprocess.run([*command, "--workers", str(options.workers)], check=False).returncode


def _options(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    names = [run.name for run in PUBLISHED]
    reports = Path("reports")
    parser.add_argument("names", nargs="*", metavar="RUN", help=f"of {', '.join(names)} (default: all, and the page)")
    parser.add_argument("--lfw", type=Path, required=True, metavar="DIR", help="the folder of LFW")
    parser.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="a judge's file, or an adapter's folder as adapt@JUDGE=DIR; may be repeated",
    )
    for flag, default, what in (
        ("--runs", reports / "results_lfw", "holds the folders of the runs"),
        ("--cache", reports / ".artifacts", "holds intermediate results"),
        ("--page", ROOT / "docs" / "results_lfw.md", "the file that is written"),
    ):
        parser.add_argument(flag, type=Path, default=default, metavar="PATH", help=f"{what} (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="processes (default: one per core)")
    options = parser.parse_args(given)
    unknown = sorted(set(options.names) - set(names))
    if unknown:
        parser.error(f"unknown run '{unknown[0]}'; there are: {', '.join(names)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
