"""Runs the campaign: ``python -m tests.campaign --kills 100 --images 1000 --artefacts 100 --names 50``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy and PyTorch: a process with threads is not forked

from tests.campaign.findings import Part, as_json, as_markdown
from tests.campaign.killed_commands import COMMANDS


def main() -> int:
    """Carry out the parts that are asked for; status 1 if there is a finding."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    for name in ("kills", "images", "artefacts", "names"):
        parser.add_argument(f"--{name}", type=int, default=0, metavar="N", help=f"trials of this part (see {name}.py)")
    parser.add_argument("--seed", type=int, default=0, help="seed of every choice (default: 0)")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="at most, for each part")
    parser.add_argument("--commands", default="", help=f"those to kill, of: {','.join(COMMANDS)} (default: all)")
    parser.add_argument("--out", type=Path, default=Path("reports/campaign"), help="folder of the summary")
    parser.add_argument("--keep", action="store_true", help="keep what the trials wrote, in the folder work")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    work = options.out / "work"
    shutil.rmtree(work, ignore_errors=True)
    parts: list[Part] = []
    for going_on in _parts(options, work):
        ends = time.monotonic() + 60 * options.minutes
        part = None
        for part in going_on:  # noqa: B007  # the last one is the result
            if time.monotonic() > ends:
                break
        going_on.close()
        if part is not None:
            parts.append(part)
        (options.out / "campaign.json").write_text(as_json(parts, options.seed), encoding="utf-8", errors="replace")
        (options.out / "campaign.md").write_text(as_markdown(parts, options.seed), encoding="utf-8", errors="replace")
    if not options.keep:
        shutil.rmtree(work, ignore_errors=True)
    print(as_markdown(parts, options.seed))
    print(f"summary: {(options.out / 'campaign.md').resolve()}", file=sys.stderr)
    return int(any(part.findings for part in parts))


def _parts(options: argparse.Namespace, work: Path) -> Iterator[Generator[Part, None, None]]:
    """The parts that are asked for, each as a generator of its state after every trial."""
    if options.kills:
        from tests.campaign.kills import kill_commands

        names = tuple(options.commands.split(",")) if options.commands else ()
        yield kill_commands(options.kills, work / "kills", seed=options.seed, names=names)
    if options.images:
        from tests.campaign.images import read_mutated_images

        yield read_mutated_images(options.images, work / "images", seed=options.seed)
    if options.artefacts:
        from tests.campaign.artefacts import damage_results

        yield damage_results(options.artefacts, work / "artefacts", seed=options.seed)
    if options.names:
        from tests.campaign.names import run_with_names

        yield run_with_names(options.names, work / "names", seed=options.seed)


if __name__ == "__main__":
    sys.exit(main())
