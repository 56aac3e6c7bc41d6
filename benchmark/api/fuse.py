"""`fuse`: learns a combination and says what it does."""

from __future__ import annotations

from pathlib import Path

from benchmark.config import RunConfig
from benchmark.methods.combinations.combination_spec import FusionNumbers
from benchmark.methods.combinations.learning import Learned
from benchmark.pipeline.learn_combination import LearnedCombination, learn_combination
from benchmark.pipeline.planning.names import check_names


def fuse(config: RunConfig, kind: str, file: Path) -> str:
    """Learn a combination of ``config.methods``, write `file`, and say what it does to the people it was learned on.

    Raises:
        RequestError: the request was wrong; nothing was written.
        BenchmarkError: it failed; what was computed is kept.
    """
    check_names(config)
    found = learn_combination(config, kind, file)
    lines = [line for name, learned in found.by_recogniser.items() for line in _said(name, learned, found)]
    return "\n".join(
        [
            *lines,
            "measured on the people that it was learned on: test it on others",
            f"{kind}: {found.file.resolve()}",
            f"use it: --methods {kind}:{found.file}",
        ]
    )


def _said(name: str, learned: Learned, found: LearnedCombination) -> list[str]:
    numbers = learned.numbers
    if isinstance(numbers, FusionNumbers):
        weights = ", ".join(
            f"{weight:.3g} {member}" for weight, member in zip(numbers.weights, found.members, strict=True)
        )
        lines = [f"{name}: {weights}"]
    else:
        choices = ", ".join(found.members)
        never = numbers.margin >= 1e30  # see `learn_gate`
        lines = [f"{name}: {'always none: no choice helped' if never else f'chooses among {choices}'}"]
    return lines + [
        f"  FMR {target:g}: GFRR of masked probes {before:.3f} as they are, {after:.3f} combined; bare probes "
        f"{learned.harm[target]:+.3f}"
        for target, (before, after) in learned.gfrr.items()
    ]
