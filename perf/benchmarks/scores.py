"""All-against-all scores, and error rates from scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from perf.benchmark import Benchmark, within
from perf.contest import Entry, Outcome, contest
from perf.environment import references
from perf.finding import Finding
from perf.settings import Settings

_DIMENSIONS = 128
_MATED = 0.01
"""Share of the scores."""
_OURS = "perf.contenders.scores_ours"
_THEIRS = "perf.contenders.scores_references"


class AllPairs(Benchmark):
    """Every photo against every other one: exactly, and in bounded memory."""

    name = "all-pairs"
    summary = "all-against-all scores and error rates: 10^8 comparisons exactly, 10^10 in bounded memory"

    def measure(self, settings: Settings, folder: Path) -> list[Finding]:
        """Absolute times: no library in common use does this."""
        of_few = _together(folder / "exact", ("Exact", "Products"), settings.sized(14_143, 500), settings.sized(3, 1))
        exact, products = of_few["Exact"], of_few["Products"]
        bounded = _together(folder / "bounded", ("Bounded",), settings.sized(141_422, 700), 1)["Bounded"]
        pairs, more = (int(one.outputs["comparisons"]) for one in (exact, bounded))
        return [
            Finding(
                self.name,
                f"{pairs:.1e} scores, FMR and FNMR at every threshold",
                "≤ 10 s and ≤ 1 GiB for 10^8",
                f"{exact.seconds:.1f} s, {exact.peak:.0f} MiB",
                exact.seconds <= 10 and exact.peak <= 1024,
                check=f"{int(exact.outputs['thresholds']):,} thresholds; counting agrees (tests/verification)",
                floor=f"its matrix products alone: {exact.times_faster(products):.0%} of the time",
            ),
            Finding(
                self.name,
                f"{more:.1e} scores in bounded memory",
                "bounded memory, error stated, for 10^10",
                f"{bounded.seconds:.0f} s, {bounded.peak:.0f} MiB",
                bounded.peak <= 1024,
                check="exact where at most 10 million non-mated scores are accepted; elsewhere a threshold is at most "
                f"two bins of {float(bounded.outputs['width']):.1e} too high",
            ),
        ]


class FromScores(Benchmark):
    """The curve and the area against scikit-learn, the statistics against pyeer."""

    name = "scikit-learn"
    summary = "error rates from 10^7 scores against scikit-learn, from 10^6 against pyeer"

    def measure(self, settings: Settings, folder: Path) -> list[Finding]:
        """Of one core, from the same scores."""
        python = references(settings.cache)
        many, fewer = settings.sized(10_000_000, 5_000), settings.sized(1_000_000, 2_000)
        rows = []
        for ours, theirs, count, goal, called in (
            ("Curve", "RocCurve", many, 10.0, "scikit-learn's `roc_curve`"),
            ("Area", "RocArea", many, 10.0, "scikit-learn's `roc_auc_score`"),
            ("Statistics", "PyEer", fewer, None, "pyeer's `get_eer_stats`"),
        ):
            inputs = folder / ours
            _write_scores(inputs, count)
            entries = {"ours": Entry(f"{_OURS}:{ours}"), "theirs": Entry(f"{_THEIRS}:{theirs}", python)}
            found = contest(entries, inputs, rounds=settings.rounds)
            own, other = found["ours"], found["theirs"]
            ratio = own.times_faster(other)
            rows.append(
                Finding(
                    self.name,
                    f"error rates from {count:.0e} scores, against {called}",
                    "" if goal is None else f"≥ {goal:g} ×",
                    f"{own.seconds:.3g} against {other.seconds:.3g} s",
                    None if goal is None else ratio >= goal,
                    ratio,
                    called.replace("`", ""),
                    "; ".join(_agreement(self.name, name, own, other, count) for name in other.outputs),
                )
            )
        return rows


def _agreement(benchmark: str, name: str, own: Outcome, other: Outcome, count: int) -> str:
    mated = _MATED * count
    # pyeer takes its equal error rate from a point of the curve, without joining the points, and variances with ddof 0
    most = {"eer": 2 / mated, "d_prime": 5 / mated}.get(name, 1e-6)
    difference = float(np.abs(own.outputs[name] - other.outputs[name]).max())
    return f"{name}: {within(benchmark, difference, most)}"


def _together(folder: Path, contenders: tuple[str, ...], count: int, rounds: int) -> dict[str, Outcome]:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    subjects = (np.arange(count) // 3).astype(np.int32)
    centres = rng.normal(size=(count // 3 + 1, _DIMENSIONS)).astype(np.float32)
    np.save(folder / "embeddings.npy", centres[subjects] + rng.normal(size=(count, _DIMENSIONS)).astype(np.float32))
    np.save(folder / "subjects.npy", subjects)
    return contest({name: Entry(f"{_OURS}:{name}") for name in contenders}, folder, rounds=rounds)


def _write_scores(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    mated = rng.random(count) < _MATED
    np.save(folder / "mated.npy", mated)
    np.save(folder / "scores.npy", (rng.normal(size=count) + 3 * mated).astype(np.float32))
