"""Prints the tables of docs/results_lfw.md from the folders of finished runs, as Markdown.

    python docs/make_results_tables.py reports/people-split-64 reports/people-split-128 > tables.md

One section a run: the command that made it, a table for each recogniser and acquisition arm, recovery by mask type, and
how well the masks were found. Every number is one of the run's metrics.csv; nothing is computed here.
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.config import RunConfig
from benchmark.methods.base import MethodCard
from benchmark.plugins import METHODS
from benchmark.reporting.formatting import EN_DASH, interval, number
from benchmark.reporting.metrics_file import read_metrics
from benchmark.verification.accuracy import standard_error

Name = tuple[str, str]
"""A method and its preset."""
NO_METHOD: Name = ("none", "")
BASELINES = (
    ("raw", NO_METHOD, "raw-raw"),
    ("masked probe", NO_METHOD, "raw-masked"),
    ("both masked", NO_METHOD, "masked-masked"),
)
NOT_IN_COMMAND = ("data_root", "out", "cache", "workers", "quiet", "fresh", "device", "weights", "protocol")


class Panel:
    """The rows of one recogniser in one arm, found by method and metric."""

    def __init__(self, rows: pd.DataFrame, recogniser: str, arm: str, size: str) -> None:
        here = (rows["acquisition"] == arm) & rows["recogniser"].isin([recogniser, "none", ""])
        self.recogniser = recogniser
        self.size = size
        self._rows = rows[here & rows["size"].isin([size, "native"])]

    def value(self, method: Name, condition: str, metric: str, **at: Any) -> pd.Series | None:
        """The one row that fits, or None; `at` names further columns and their values."""
        columns = {"mask_type": "all", "threshold_kind": "none", "size": self.size, **at}
        columns |= {"method": method[0], "preset": method[1], "condition": condition, "metric": metric}
        fits = np.logical_and.reduce([self._rows[column] == wanted for column, wanted in columns.items()])
        found = self._rows[fits]
        return None if found.empty else found.iloc[0]

    def methods(self) -> list[Name]:
        """The most recovered first (matched, the loosest target)."""
        rows = self._rows[(self._rows["metric"] == "recovery") & (self._rows["mask_type"] == "all")]
        loosest = rows[rows["target"] == rows["target"].max()].sort_values("value", ascending=False)
        return list(dict.fromkeys(zip(loosest["method"], loosest["preset"], strict=True)))

    def marked(self, method: Name) -> str:
        """The method's name, with what makes its line no fair one."""
        cards = [METHODS.load(part).card for part in method[0].split("+")]
        marks = ["saw it"] if any(self.recogniser in card.saw_recognisers for card in cards) else []
        marks += ["privileged"] if any(isinstance(card, MethodCard) and card.privileged for card in cards) else []
        return f"{label_of(method)} ({', '.join(marks)})" if marks else label_of(method)

    def mask_types(self) -> list[str]:
        """The types that have rows of their own."""
        return sorted(set(self._rows["mask_type"]) - {"all", ""})


def main() -> None:
    """Read the folders, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="folders that runs wrote")
    parser.add_argument("--targets", default="0.01", help="false match rates, comma-separated (default: %(default)s)")
    parser.add_argument("--digest", action="store_true", help="one table of recovery at the first target over all runs")
    options = parser.parse_args()
    targets = [float(text) for text in options.targets.split(",")]
    if options.digest:
        print("\n".join(digest(options.runs, targets[0])))
        return
    for folder in options.runs:
        print("\n".join(section(folder, targets)))


def digest(folders: Sequence[Path], target: float) -> Iterator[str]:
    """One line a method, a column for each run, recogniser and arm; the best before the last column's judge first."""
    panels = []
    for folder in folders:
        config = json.loads((folder / "manifest.json").read_text("utf-8"))["config"]
        rows = read_metrics(folder / "metrics.csv")
        panels += [
            (f"`{recogniser}`, {config['size']} px, {arm}", Panel(rows, recogniser, arm, str(config["size"])))
            for arm in config["acquisition"]
            for recogniser in config["recognisers"]
        ]
    yield row(["method", *(title for title, _ in panels)])
    yield row(["---"] * (1 + len(panels)))
    for method in panels[-1][1].methods():
        at = {"threshold_kind": "matched", "target": target}
        cells = [percent(panel.value(method, "raw-restored", "recovery", **at), 0, within=True) for _, panel in panels]
        yield row([f"`{label_of(method)}`", *cells])


def section(folder: Path, targets: Sequence[float]) -> Iterator[str]:
    """The lines of one run."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    config, rows = manifest["config"], read_metrics(folder / "metrics.csv")
    carried = [target for target in targets if (rows["target"] == target).any()]
    size = str(config["size"])
    arms = " and ".join(config["acquisition"])
    yield f"\n## {config['dataset']} `{config['protocol']}`, {size} px, {arms} arm\n"
    yield f"```\n{command(config)}\n```\n"
    for arm in config["acquisition"]:
        for recogniser in config["recognisers"]:
            panel = Panel(rows, recogniser, arm, size)
            yield f"### `{recogniser}`, {arm} arm\n"
            yield from main_table(panel, carried)
            yield ""
            if len(panel.mask_types()) > 1:
                yield f"Recovery in % by mask type, FMR {carried[0]:.12g}, matched:\n"
                yield from by_type(panel, carried[0])
                yield ""
        yield from detectors(rows[(rows["acquisition"] == arm) & (rows["size"] == size)], arm)


def command(config: dict[str, Any]) -> str:
    """The settings that differ from the defaults, as a command line."""
    defaults = RunConfig().model_dump(mode="json")
    words = [
        "python run_benchmark.py",
        f"--dataset {config['dataset']} --data-root DIR --protocol {config['protocol']}",
    ]
    for name, value in config.items():
        if name in (*NOT_IN_COMMAND, "dataset") or value == defaults[name]:
            continue
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        words.append(f"--{name.replace('_', '-')} {shlex.quote(text)}")
    words += [f"--weights {name.partition('=')[0]}=FILE" for name in config["weights"]]
    return " \\\n  ".join(words)


def main_table(panel: Panel, targets: Sequence[float]) -> Iterator[str]:
    """One line for raw and masked faces, then one a method."""
    lines = [("raw, native", NO_METHOD, "raw-raw", "native"), *((*line, panel.size) for line in BASELINES)]
    lines += [(panel.marked(method), method, "raw-restored", panel.size) for method in panel.methods()]
    lines = [line for line in lines if panel.value(*line[1:3], "fta", size=line[3]) is not None]
    with_accuracy = panel.value(NO_METHOD, "raw-raw", "accuracy") is not None
    heads = ["faces", *(["accuracy % ± s.e."] if with_accuracy else [])]
    for target in targets:
        heads += [f"GFRR % frozen, FMR {target:.12g}", "realised FMR %", "GFRR % matched", "recovery % (95 %)"]
    yield row([*heads, "harm, points (95 %)", "FTA %", "PSNR dB, hole", "SSIM, hole", "ms an image"])
    yield row(["---"] * (len(heads) + 5))
    for label, method, condition, size in lines:
        find = partial(panel.value, method, condition, size=size)
        cells = [label]
        if with_accuracy:
            found = find("accuracy")
            error = None if found is None else standard_error(found["ci_low"], found["ci_high"])
            cells.append(plain(found, lambda value, error=error: f"{value * 100:.2f} ± {error * 100:.2f}"))
        for target in targets:
            frozen, matched = ({"threshold_kind": kind, "target": target} for kind in ("frozen", "matched"))
            cells += [
                percent(find("gfrr", **frozen)),
                percent(find("fmr", **frozen), 1 if target >= 0.01 else 2),
                percent(find("gfrr", **matched)),
                percent(find("recovery", **matched), 0, within=True),
            ]
        harm = panel.value(method, "raw-passthrough", "harm", threshold_kind="frozen", target=targets[0])
        cells += [
            percent(harm, within=True),
            percent(find("fta")),
            plain(find("psnr_hole"), lambda value: f"{value:.1f}"),
            plain(find("ssim_hole"), lambda value: f"{value:.3f}"),
            plain(find("seconds_per_image"), lambda value: f"{value * 1000:.1f}"),
        ]
        yield row(cells)


def by_type(panel: Panel, target: float) -> Iterator[str]:
    """Matched recovery of every method on every type of mask."""
    types = panel.mask_types()
    yield row(["method", *types])
    yield row(["---"] * (1 + len(types)))
    for method in panel.methods():
        cells = [
            panel.value(method, "raw-restored", "recovery", threshold_kind="matched", target=target, mask_type=name)
            for name in types
        ]
        yield row([label_of(method), *(percent(cell, 0, within=True) for cell in cells)])


def detectors(rows: pd.DataFrame, arm: str) -> Iterator[str]:
    """How well masks were found: IoU, precision, recall, missed and false masks, then IoU by mask type."""
    measured = rows[rows["metric"].isin(["mask_iou", "mask_precision", "mask_recall", "missed_masks", "false_masks"])]
    if measured.empty:
        return
    types = sorted(set(measured["mask_type"]) - {"all", ""})
    yield f"### How well the masks are found, {arm} arm\n"
    heads = [
        "detector",
        "IoU %",
        "precision %",
        "recall %",
        "missed %",
        "false masks %",
        *(f"IoU % {t}" for t in types),
    ]
    yield row(heads)
    yield row(["---"] * len(heads))
    for name in dict.fromkeys(zip(measured["method"], measured["preset"], strict=True)):
        own = measured[(measured["method"] == name[0]) & (measured["preset"] == name[1])]

        def cell(metric: str, mask_type: str = "all", own: pd.DataFrame = own) -> str:
            found = own[(own["metric"] == metric) & (own["mask_type"] == mask_type)]
            return percent(None if found.empty else found.iloc[0])

        metrics = ("mask_iou", "mask_precision", "mask_recall", "missed_masks", "false_masks")
        yield row([label_of(name), *map(cell, metrics), *(cell("mask_iou", kind) for kind in types)])
    yield ""


def label_of(method: Name) -> str:
    """Name, with the preset where it is not the default."""
    name, preset = method
    return name if preset in ("", "default", "tuned") else f"{name}:{preset}"


def percent(found: pd.Series | None, decimals: int = 1, *, within: bool = False) -> str:
    """A share in percent, with its interval if `within`."""
    if found is None or pd.isna(found["value"]):
        return EN_DASH
    text = number(found["value"] * 100, decimals)
    around = interval(found["ci_low"], found["ci_high"], scale=100, decimals=decimals) if within else ""
    return f"{text} ({around})" if around else text


def plain(found: pd.Series | None, show: Callable[[float], str]) -> str:
    """A number as `show` writes it."""
    return EN_DASH if found is None or pd.isna(found["value"]) else show(found["value"])


def row(cells: Sequence[str]) -> str:
    """One line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
