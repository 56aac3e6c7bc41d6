"""Measures what a recogniser's adapter wins back after trainings of several lengths, and draws it for experiments.md.

    python docs/measure_training_length.py --recogniser edgeface-xxs --weights edgeface-xxs=FILE \\
        --dataset faces-train=DIR --lfw DIR --steps 100,300,900,2600

Each length is a training of its own from the recogniser's own weights, whose learning rate falls to 0 at its end, and
is measured on LFW's validation people (fold 7), oracle arm, drawn masks of all types. What is finished is not repeated,
and a training that was stopped goes on. Writes images/training-length.csv and draws images/training-length.svg from it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "images" / "training-length.csv"
PRESETS = {"default": "adapt", "two-looks": "adapt:two-looks", "three-looks": "adapt:three-looks"}
COLUMNS = ["recogniser", "steps", "preset", "target", "value", "ci_low", "ci_high"]


def main() -> int:
    """Train and measure what is missing, then write the table and the figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--recogniser", required=True, metavar="NAME")
    parser.add_argument("--weights", metavar="NAME=FILE", help="of the recogniser")
    parser.add_argument("--dataset", required=True, metavar="NAME=DIR", help="to learn from")
    parser.add_argument("--lfw", required=True, type=Path, metavar="DIR")
    parser.add_argument("--steps", default="100,300,900,2600")
    parser.add_argument("--runs", type=Path, default=Path("reports/training_length"), metavar="DIR")
    parser.add_argument("--cache", type=Path, default=Path("reports/.artifacts"), metavar="DIR")
    options = parser.parse_args()
    weights = ["--weights", options.weights] if options.weights else []
    shared = [*weights, "--masks", "all", "--size", "128", "--cache", str(options.cache), "--workers", "1"]
    tables = []
    for steps in map(int, options.steps.split(",")):
        trained, measured = (options.runs / f"{options.recogniser}-{steps}" / part for part in ("weights", "run"))
        if not (trained / "weights.json").exists():
            _program(
                *("train", "--method", "adapt", "--recogniser", options.recogniser, "--dataset", options.dataset),
                *("--train-limit", "40000", "--steps", str(steps), "--out", str(trained), *shared),
            )
        if not (measured / "metrics.csv").exists():
            _program(
                *("--dataset", "lfw", "--data-root", str(options.lfw), "--protocol", "people-validation"),
                *("--recognisers", options.recogniser, "--weights", f"adapt@{options.recogniser}={trained}"),
                *("--methods", ",".join(PRESETS.values()), "--conditions", "raw-raw,raw-masked,raw-restored"),
                *("--replicates", "200", "--targets", "0.01,0.001", "--out", str(measured), "--overwrite", *shared),
            )
        metrics = pd.read_csv(measured / "metrics.csv")
        wanted = (metrics["metric"] == "recovery") & (metrics["threshold_kind"] == "matched")
        tables.append(metrics[wanted & (metrics["mask_type"] == "all")].assign(steps=steps)[COLUMNS])
    FILE.parent.mkdir(exist_ok=True)
    table = pd.concat(tables, ignore_index=True)
    table.to_csv(FILE, index=False, float_format="%.4f", lineterminator="\n")
    _draw(table)
    print(FILE.with_suffix(".svg"))
    return 0


def _program(*words: str) -> None:
    subprocess.run([sys.executable, str(ROOT / "run_benchmark.py"), *words], check=True)


def _draw(table: pd.DataFrame) -> None:
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    targets = sorted(table["target"].unique(), reverse=True)
    for axes, target in zip(figure.subplots(1, len(targets), sharey=True), targets, strict=True):
        for preset, name in PRESETS.items():
            rows = table[(table["target"] == target) & (table["preset"] == preset)].sort_values("steps")
            line = axes.plot(rows["steps"], 100 * rows["value"], marker="o", markersize=3.5, label=name)[0]
            bounds = 100 * rows["ci_low"], 100 * rows["ci_high"]
            axes.fill_between(rows["steps"], *bounds, color=line.get_color(), alpha=0.1, linewidth=0)
        lengths = sorted(table["steps"].unique())
        axes.set_xscale("log")
        axes.set_xticks(lengths, [f"{length:,}" for length in lengths])
        axes.set_xticks([], minor=True)
        axes.axhline(0, color="grey", linewidth=0.6)
        axes.set(title=f"FMR {100 * target:g} %", xlabel="training steps of 32 faces")
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("recovery, %")
    figure.axes[-1].legend(frameon=False, fontsize=8, loc="lower right")
    figure.savefig(FILE.with_suffix(".svg"), metadata={"Date": None})


if __name__ == "__main__":
    sys.exit(main())
