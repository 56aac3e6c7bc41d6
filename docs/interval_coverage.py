"""Simulates how often the 95 % intervals hold the truth, and writes the table and figure of docs/statistics.md.

PYTHONPATH=. python docs/interval_coverage.py --trials 2000
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from benchmark.progress import Progress
from tests.verification.interval_trials import DIFFERENCES, MEASURES, difference_trial, trial

DESIGNS = {
    "exhaustive, 50 people": (50, None, (1e-1, 1e-2)),
    "exhaustive, 150 people": (150, None, (1e-1, 1e-2, 1e-3)),
    "sparse, 250 people, 12 strangers' photos each": (250, 4, (1e-1, 1e-2)),
    "sparse, 900 people, 36 strangers' photos each": (900, 12, (1e-2, 1e-3)),
}
"""People, strangers that each reference meets (None = all), and the target FMRs that this carries by the rule of 30."""
TARGETS = (1e-1, 1e-2, 1e-3)


def main() -> None:
    """Run the simulation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=2000, metavar="N", help="of each design (default: 2000)")
    parser.add_argument("--replicates", type=int, default=200, metavar="N", help="of the bootstrap (default: 200)")
    parser.add_argument(
        "--differences", action="store_true", help="simulate the differences between two methods alone, in minutes"
    )
    parser.add_argument("--redraw", action="store_true", help="only draw the figure of the stored table again")
    parser.add_argument("--out", type=Path, default=Path("docs/images"), metavar="DIR", help="gets table and figure")
    options = parser.parse_args()
    if options.redraw:
        _figure(pd.read_csv(options.out / "interval-coverage.csv"), options.out / "interval-coverage.svg")
        return
    rows: list[dict[str, object]] = []
    if not options.differences:
        truth = _truth()
        for design in DESIGNS:
            rows += _design(design, truth, trials=options.trials, replicates=options.replicates)
    of_differences = _true_differences()
    for design in DESIGNS:
        rows += _differences(design, of_differences, trials=options.trials)
    table = pd.DataFrame(rows)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "interval-coverage.csv"
    if options.differences and file.exists():
        stored = pd.read_csv(file)
        table = pd.concat([stored[~stored["measure"].isin(table["measure"])], table])
    table.to_csv(file, index=False)
    print(table.to_string(index=False))
    _figure(table, options.out / "interval-coverage.svg")


def _truth() -> dict[tuple[tuple[str, str, str], float], float]:
    """Of 40,000 people, each of whom meets eight strangers; pairs are as those of an exhaustive search."""
    found = trial(40_000, np.random.default_rng(99), TARGETS, replicates=0, strangers=8)
    truth = {key: float(row.value) for key, row in found.items() if row.value is not None}
    for target in TARGETS:
        loss = truth[("gfrr", "raw-masked", "matched"), target] - truth[("gfrr", "raw-raw", "matched"), target]
        truth[("recovery", "raw-restored", "matched"), target] = (
            truth[("gain", "raw-restored", "matched"), target] / loss
        )
    return truth


def _design(name: str, truth: dict, *, trials: int, replicates: int) -> list[dict[str, object]]:
    people, strangers, targets = DESIGNS[name]
    rng = np.random.default_rng(2024)
    found: dict[tuple, list[tuple[float, float, float]]] = {
        (measure, target): [] for measure in MEASURES for target in targets
    }
    with Progress().bar(name, total=trials, unit="trial") as bar:
        for number in range(trials):
            rows = trial(people, rng, targets, replicates=replicates, strangers=strangers, seed=number)
            for key, values in found.items():
                row = rows[key]
                if row.value is not None and row.ci_low is not None and row.ci_high is not None:
                    values.append((row.value, row.ci_low, row.ci_high))
            bar.update(1)
    return [_summary(name, key, np.array(values), truth[key], trials) for key, values in found.items()]


def _true_differences() -> dict[tuple, float]:
    """Of 40,000 people, each of whom meets eight strangers."""
    found = difference_trial(40_000, np.random.default_rng(99), TARGETS, strangers=8)
    return {key: row.difference for key, row in found.items()}


def _differences(name: str, truth: dict, *, trials: int) -> list[dict[str, object]]:
    people, strangers, targets = DESIGNS[name]
    rng = np.random.default_rng(2024)
    keys = [(measure, target) for measure in DIFFERENCES for target in (targets if measure[2] != "none" else (None,))]
    found: dict[tuple, list[tuple[float, float, float]]] = {key: [] for key in keys}
    with Progress().bar(f"{name}, differences", total=trials, unit="trial") as bar:
        for _ in range(trials):
            rows = difference_trial(people, rng, targets, strangers=strangers)
            for key, values in found.items():
                row = rows.get(key)
                if row is not None and row.ci_low is not None and row.ci_high is not None:
                    values.append((row.difference, row.ci_low, row.ci_high))
            bar.update(1)
    return [_summary(name, key, np.array(values), truth[key], trials) for key, values in found.items()]


def _summary(name: str, key: tuple, values: np.ndarray, truth: float, trials: int) -> dict[str, object]:
    (metric, condition, kind), target = key
    needed = float(np.subtract(*np.quantile(values[:, 0], [0.975, 0.025])))
    return {
        "design": name,
        "measure": f"{metric} {condition} {kind}",
        "target FMR": target,
        "truth": round(truth, 6),
        "trials with an interval": f"{len(values)} of {trials}",
        "coverage": round(float(np.mean((values[:, 1] <= truth) & (truth <= values[:, 2]))), 3),
        "width / needed": round(float(np.mean(values[:, 2] - values[:, 1])) / needed, 2),
    }


def _figure(table: pd.DataFrame, file: Path) -> None:
    designs = list(dict.fromkeys(table["design"]))
    figure, axes = plt.subplots(1, len(designs), figsize=(3 + 3 * len(designs), 5), sharey=True, layout="constrained")
    measures = list(dict.fromkeys(table["measure"]))
    for axis, design in zip(np.atleast_1d(axes), designs, strict=True):
        axis.axvspan(0.93, 0.97, color="0.9", label="93 to 97 %")
        axis.axvline(0.95, color="0.6", linewidth=1)
        for target, colour in zip(TARGETS, ("#4c72b0", "#dd8452", "#55a868"), strict=True):
            _points(axis, table[(table["design"] == design) & (table["target FMR"] == target)], measures, colour,
                    f"target FMR {target:g}")  # fmt: skip
        untargeted = table[(table["design"] == design) & table["target FMR"].isna()]
        _points(axis, untargeted, measures, "#8172b3", "no threshold")
        axis.set_title(design.replace(" people, ", " people,\n"), fontsize=10)
        axis.set_xlabel("share that hold the truth")
        axis.set_xlim(0.88, 1.0)
        axis.set_yticks(range(len(measures), 0, -1), measures)
        axis.grid(axis="y", color="0.93")
    handles = {text: handle for axis in np.atleast_1d(axes) for handle, text in _legend(axis)}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles), frameon=False)
    figure.savefig(file)


def _points(axis: plt.Axes, rows: pd.DataFrame, measures: list[str], colour: str, label: str) -> None:
    if len(rows):
        heights = [len(measures) - measures.index(measure) for measure in rows["measure"]]
        axis.plot(rows["coverage"], heights, "o", color=colour, label=label)


def _legend(axis: plt.Axes) -> list[tuple[object, str]]:
    handles, labels = axis.get_legend_handles_labels()
    return list(zip(handles, labels, strict=True))


if __name__ == "__main__":
    main()
