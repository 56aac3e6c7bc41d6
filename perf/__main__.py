"""Measures speed and memory beside what others use.

    python -m perf                    every benchmark; updates docs/performance.md
    python -m perf mask scikit-learn  some of them
    python -m perf --quick mask       tiny inputs, to see that it works; changes no page

Compared is processor time (user and system, of a process and those that it starts), the median over rounds in which
everybody works in turn: other load on the machine then falls on all of them alike. Each contender runs in a process of
its own, on one thread unless the table says otherwise.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import platformdirs

from perf.benchmark import Benchmark
from perf.benchmarks.known import KNOWN
from perf.contest import ROOT, PerfError
from perf.finding import Finding, Findings
from perf.machine import machine_name
from perf.page import table, update_page
from perf.settings import Settings

_FILE = "performance.json"


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, measure, print, and update the page; the exit status."""
    options = _parser().parse_args(arguments)
    unknown = [name for name in options.names if name not in KNOWN]
    if unknown:
        print(f"no benchmark '{unknown[0]}'; there are: {', '.join(KNOWN)}", file=sys.stderr)
        return 2
    settings = Settings(
        cache=options.cache.resolve(),
        rounds=options.rounds or (1 if options.quick else 5),
        quick=options.quick,
        photos=options.photos,
        lfw=options.lfw,
        against=options.against,
    )
    settings.cache.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[Finding]] = {}
    failed = False
    for name in options.names or KNOWN:
        try:
            rows[name] = _measured(KNOWN[name](), settings)
        except PerfError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = True
            continue
        if rows[name]:
            print(table(rows[name]), flush=True)
        if not options.quick:
            _keep(name, rows[name], options.output)
    return int(failed)


def _measured(benchmark: Benchmark, settings: Settings) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix=f"perf-{benchmark.name}-", dir=settings.cache) as folder:
        return benchmark.measure(settings, Path(folder))


def _keep(name: str, rows: list[Finding], output: Path) -> None:
    """After each benchmark, so that one that is stopped loses nothing."""
    if not rows:
        return
    findings = Findings.read(output / _FILE)
    findings.rows[name] = rows
    findings.machines[name] = machine_name()
    findings.write(output / _FILE)
    update_page(output, findings, order=list(KNOWN))


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:<16} {benchmark.summary}" for name, benchmark in KNOWN.items())
    parser = argparse.ArgumentParser(
        prog="python -m perf",
        description=__doc__,
        epilog=f"benchmarks:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run (default: all)")
    parser.add_argument("--quick", action="store_true", help="tiny inputs and one round; changes no page")
    parser.add_argument("--rounds", type=int, help="measured rounds of each contender (default: 5; with --quick: 1)")
    parser.add_argument("--photos", type=Path, metavar="DIR", help="photos to use (default: synthetic people)")
    parser.add_argument("--lfw", type=Path, metavar="DIR", help="LFW's folder, for the run of view2 (default: none)")
    parser.add_argument("--against", metavar="REVISION", help="a git revision to compare training with")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs", metavar="DIR", help="holds performance.md (default: docs)"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(platformdirs.user_cache_dir("unmask-benchmark")) / "perf",
        metavar="DIR",
        help="inputs, and the reference libraries, which are installed there (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
