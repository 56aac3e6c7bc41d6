"""Checks the files of a run folder against the contract (docs/files.md): python .ci/check_run.py FOLDER."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

COLUMNS = [
    "dataset",
    "protocol",
    "acquisition",
    "size",
    "recogniser",
    "method",
    "preset",
    "train_data",
    "mask_source",
    "condition",
    "mask_type",
    "metric",
    "threshold_kind",
    "target",
    "value",
    "ci_low",
    "ci_high",
    "n_mated",
    "n_nonmated",
    "n_failed",
    "threshold",
]
COSTS = ("seconds_per_image", "peak_memory_mib")


def main() -> int:
    """Print what is wrong; exit status 1 if anything is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--methods", help="that must have a recovery")
    parser.add_argument("--metric", help="that must have a row")
    parser.add_argument("--same-as", type=Path, help="a run whose numbers must be equal")
    options = parser.parse_args()
    problems = list(_problems(options))
    print("\n".join(problems) or f"{options.folder}: as the contract says")
    return 1 if problems else 0


def _problems(options: argparse.Namespace):
    folder: Path = options.folder
    for name in ("report.html", "metrics.csv", "scores.parquet", "images.csv", "manifest.json"):
        if not (folder / name).is_file():
            yield f"{name} is missing"
            return
    metrics = pd.read_csv(folder / "metrics.csv", dtype={"size": str})
    if list(metrics.columns) != COLUMNS:
        yield f"metrics.csv has columns {list(metrics.columns)}"
    if metrics.duplicated(COLUMNS[: COLUMNS.index("value")]).any():
        yield "two rows of metrics.csv share a key"
    methods = set(metrics["method"]) - {"none"}
    wanted = set(
        (
            options.methods
            or "mean-face,telea,navier-stokes,true-pixels,mask-the-reference,periocular,"
            "template-ridge,residual-regressor,paired-gan,gan-prior,glcic,two-stage-gan,identity-completer,co-mod-gan"
        ).split(",")
    )
    for method in sorted(wanted):
        rows = metrics[
            (metrics["method"] == method) & (metrics["metric"] == "recovery") & (metrics["mask_type"] == "all")
        ]
        if rows["value"].notna().sum() == 0:
            yield f"{method} has no recovery (methods with rows: {sorted(methods)})"
    if options.metric and options.metric not in set(metrics["metric"]):
        yield f"no row of metric {options.metric}"
    raw = metrics[(metrics["condition"] == "raw-raw") & (metrics["metric"] == "auc") & (metrics["mask_type"] == "all")]
    if not (raw["value"] > 0.98).all():
        yield f"raw faces are told apart badly: AUC {raw['value'].tolist()}"
    figures = {path.suffix for path in (folder / "figures").iterdir()}
    if figures != {".svg", ".png"}:
        yield f"figures/ holds {figures}"
    manifest = json.loads((folder / "manifest.json").read_text())
    if not manifest.get("config") or not manifest.get("versions"):
        yield "manifest.json has no config or no versions"
    images = pd.read_csv(folder / "images.csv")
    if not {"image_id", "step", "status", "reason"} <= set(images.columns):
        yield f"images.csv has columns {list(images.columns)}"
    scores = pq.ParquetFile(folder / "scores.parquet")
    if scores.metadata.num_rows == 0:
        yield "scores.parquet is empty"
    report = (folder / "report.html").read_text()
    if 'src="http' in report or ('href="http' in report and "<link" in report):
        yield "report.html loads something from a network"
    if options.same_as:
        other = pd.read_csv(options.same_as / "metrics.csv", dtype={"size": str})
        mine, theirs = (table[~table["metric"].isin(COSTS)].reset_index(drop=True) for table in (metrics, other))
        if not mine.equals(theirs):
            yield f"the numbers differ from those in {options.same_as}"


if __name__ == "__main__":
    sys.exit(main())
