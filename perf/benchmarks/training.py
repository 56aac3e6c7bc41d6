"""Training, images a second."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perf.benchmark import Benchmark
from perf.contest import ROOT, Entry, PerfError, contest
from perf.finding import Finding
from perf.settings import Settings

METHODS = (
    "residual-regressor",
    "paired-gan",
    "gan-prior",
    "glcic",
    "co-mod-gan",
    "two-stage-gan",
    "identity-completer",
    "segmenter+telea",
)
_SHARED = "perf.contenders.training:SharedLoop"
_COUNTED = "perf.contenders.training:CountedLoop"
_PLAIN = "perf.contenders.training:PlainLoop"


class Training(Benchmark):
    """Each method's training against that of an earlier revision, and one against a plain PyTorch loop."""

    name = "training"
    summary = "training images/s against a plain PyTorch loop and, with --against, an earlier revision"

    def measure(self, settings: Settings, folder: Path) -> list[Finding]:
        """Of one core; the same steps on the same pictures, without what comes before the first one."""
        rows = [self._beside_plain(settings, folder)]
        if settings.against is None:
            print("training: not compared with an earlier revision; name one with --against", file=sys.stderr)
            return rows
        with _checkout(settings.against, folder / "earlier") as tree:
            for size in (64, 128):
                for method in METHODS[: settings.sized(len(METHODS), 1)]:
                    rows.append(self._beside_earlier(settings, folder, method, size, tree))
        return rows

    def _beside_plain(self, settings: Settings, folder: Path) -> Finding:
        inputs = _asked(folder / "plain", "residual-regressor", 64, settings.sized(60, 2))
        entries = {"ours": Entry(_SHARED), "plain": Entry(_PLAIN)}
        found = contest(entries, inputs, rounds=settings.rounds)
        rates = [one.outputs["images"] / one.seconds for one in (found["ours"], found["plain"])]
        return Finding(
            self.name,
            "training of `residual-regressor`, 64 px, against a plain PyTorch loop",
            "",
            f"{rates[0]:.0f} against {rates[1]:.0f} images/s of one core",
            None,
            float(rates[0] / rates[1]),
            "a plain loop",
            "the same network; ours also mirrors, weighs the hole, enlarges along edges and keeps losses",
        )

    def _beside_earlier(self, settings: Settings, folder: Path, method: str, size: int, tree: Path) -> Finding:
        inputs = _asked(folder, method, size, settings.sized(8 if size == 64 else 4, 1))
        found = contest(
            {"now": Entry(_COUNTED), "earlier": Entry(_SHARED, tree=tree)}, inputs, rounds=min(settings.rounds, 3)
        )
        now, earlier = found["now"], found["earlier"]
        ratio = now.times_faster(earlier)
        images = float(now.outputs["images"])
        return Finding(
            self.name,
            f"training of `{method}`, {size} px, against revision {settings.against}",
            "≥ 1.5 ×",
            f"{images / now.seconds:.1f} against {images / earlier.seconds:.1f} images/s of one core",
            ratio >= 1.5,
            ratio,
            "the earlier revision",
            floor=f"products of matrices and convolutions alone: {now.outputs['floor'] / now.seconds:.0%} of the time",
        )


def _asked(folder: Path, method: str, size: int, steps: int) -> Path:
    inputs = folder / f"{method}-{size}"
    inputs.mkdir(parents=True)
    (inputs / "training.json").write_text(json.dumps({"method": method, "size": size, "steps": steps, "pairs": 320}))
    return inputs


@contextmanager
def _checkout(revision: str, folder: Path) -> Iterator[Path]:
    """The files of a revision, in a work tree that is removed afterwards.

    Raises:
        PerfError: git does not know it.
    """
    added = ["git", "-C", str(ROOT), "worktree", "add", "--detach", "--quiet", str(folder), revision]
    done = subprocess.run(added, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PerfError(f"revision '{revision}' cannot be checked out: {done.stderr.strip().splitlines()[-1]}")
    try:
        yield folder
    finally:
        subprocess.run(["git", "-C", str(ROOT), "worktree", "remove", "--force", str(folder)], check=False)
