"""Prints the tables of docs/results_lfw.md from the folders of finished runs, as Markdown.

    python docs/make_results_tables.py reports/people-split-64 reports/people-split-128 > tables.md

One section a run: the command that made it, a table for each recogniser and acquisition arm, recovery by mask type, and
how well the masks were found. Every number is one of the run's metrics.csv, printed as the report prints it.
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmark.config import RunConfig
from benchmark.plugins import METHODS
from benchmark.reporting.detectors_table import detectors_table
from benchmark.reporting.metrics_file import read_metrics
from benchmark.reporting.results_index import NATIVE, Entry, Panel, ResultsIndex
from benchmark.reporting.results_table import shown
from benchmark.verification.accuracy import standard_error
from benchmark.verification.base import MetricRow
from benchmark.verification.resolve import described, load_metrics

BASELINES = (("raw", "raw-raw"), ("masked probe", "raw-masked"), ("both masked", "masked-masked"))
NOT_IN_COMMAND = (
    *("data_root", "out", "cache", "workers", "quiet", "fresh", "device", "weights", "protocol"),
    *("overwrite", "no_photos"),
)


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


def read_run(folder: Path) -> tuple[dict[str, Any], dict[str, ResultsIndex]]:
    """The settings of a finished run, and its rows by acquisition arm."""
    config = json.loads((folder / "manifest.json").read_text("utf-8"))["config"]
    table = read_metrics(folder / "metrics.csv")
    records = table.astype(object).where(table.notna(), None).to_dict("records")
    rows = [MetricRow(**record) for record in records]
    parts = {part for row in rows for part in row.method.split("+")}
    cards = {part: METHODS.load(part).card for part in parts}
    metrics = described(load_metrics())
    return config, {
        arm: ResultsIndex([r for r in rows if r.acquisition == arm], cards, metrics=metrics)
        for arm in config["acquisition"]
    }


def digest(folders: Sequence[Path], target: float) -> Iterator[str]:
    """One line per method, a column for each run, arm and recogniser; the best before the last column's judge first."""
    columns = []
    for folder in folders:
        _, arms = read_run(folder)
        columns += [(index, panel) for index in arms.values() for panel in index.panels]
    titles = [f"`{panel.recogniser}`, {panel.size} px, {panel.acquisition}" for _, panel in columns]
    yield from table_head(["method", *titles])
    for entry in ranked(*columns[-1]):
        yield line([f"`{label_of(entry)}`", *(recovery(index, panel, entry, target) for index, panel in columns)])


def section(folder: Path, targets: Sequence[float]) -> Iterator[str]:
    """The lines of one run."""
    config, arms = read_run(folder)
    yield f"\n## {config['dataset']} `{config['protocol']}`, {config['size']} px, {' and '.join(arms)} arm\n"
    yield f"```\n{command(config)}\n```\n"
    for arm, index in arms.items():
        carried = [target for target in targets if target in index.targets]
        for panel in index.panels:
            yield f"### `{panel.recogniser}`, {arm} arm\n"
            yield from main_table(index, panel, carried)
            yield ""
            if len(index.mask_types) > 1:
                yield f"Recovery in % by mask type, FMR {carried[0]:.12g}, matched:\n"
                yield from by_type(index, panel, carried[0])
                yield ""
        yield from detectors(index, arm)


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
        words.append(f"--{name.replace('_', '-')}" + ("" if value is True else f" {shlex.quote(text)}"))
    words += [f"--weights {name.partition('=')[0]}=FILE" for name in config["weights"]]
    return " \\\n  ".join(words)


def main_table(index: ResultsIndex, panel: Panel, targets: Sequence[float]) -> Iterator[str]:
    """One line for raw and masked faces, then one per method."""
    lines: list[tuple[str, Panel, str, Entry | None]] = [("raw, native", replace(panel, size=NATIVE), "raw-raw", None)]
    lines += [(label, panel, condition, None) for label, condition in BASELINES]
    lines += [(marked(index, panel, entry), panel, "raw-restored", entry) for entry in ranked(index, panel)]
    with_accuracy = index.find(panel, "accuracy", condition="raw-raw") is not None
    heads = ["faces", *(["accuracy % ± s.e."] if with_accuracy else [])]
    for target in targets:
        heads += [f"GFRR % frozen, FMR {target:.12g}", "realised FMR %", "GFRR % matched", "recovery % (95 %)"]
    yield from table_head([*heads, "harm, points (95 %)", "FTA %", "PSNR dB, hole", "SSIM, hole", "time an image"])
    for label, at, condition, entry in lines:
        find = partial(index.find, at, condition=condition, entry=entry)
        if find("fta") is None:
            continue
        cells = [label]
        if with_accuracy:
            found = find("accuracy")
            error = standard_error(found.ci_low, found.ci_high)
            cells.append(f"{found.value * 100:.2f} ± {error * 100:.2f}")
        for target in targets:
            for metric, kind in (("gfrr", "frozen"), ("fmr", "frozen"), ("gfrr", "matched")):
                cells.append(shown(index, find(metric, kind=kind, target=target), target).text)
            cells.append(recovery(index, at, entry, target, condition=condition))
        harm = index.find(at, "harm", condition="raw-passthrough", entry=entry, kind="frozen", target=targets[0])
        metrics = ("fta", "psnr_hole", "ssim_hole", "seconds_per_image")
        yield line([*cells, with_interval(index, harm), *(shown(index, find(metric), None).text for metric in metrics)])


def by_type(index: ResultsIndex, panel: Panel, target: float) -> Iterator[str]:
    """Matched recovery of every method on every type of mask."""
    yield from table_head(["method", *index.mask_types])
    for entry in ranked(index, panel):
        cells = [recovery(index, panel, entry, target, mask_type=name) for name in index.mask_types]
        yield line([label_of(entry), *cells])


def detectors(index: ResultsIndex, arm: str) -> Iterator[str]:
    """How well masks were found: IoU, precision, recall, missed and false masks, then IoU by mask type."""
    table = detectors_table(index)
    if table is None:
        return
    yield f"### How well the masks are found, {arm} arm\n"
    yield from table_head(
        ["detector", *(column.text for column in table.columns), *(f"IoU % {name}" for name in table.mask_types)]
    )
    for row in table.rows:
        yield line([row.label, *(cell.text for cell in (*row.cells, *row.by_type))])
    yield ""


def ranked(index: ResultsIndex, panel: Panel) -> list[Entry]:
    """The methods judged in `panel`, the most recovered first (matched, the loosest target)."""
    find = partial(index.value, panel, "recovery", condition="raw-restored", kind="matched", target=index.targets[0])
    recovered = {entry: find(entry=entry) for entry in index.entries_of(panel)}
    return sorted(recovered, key=lambda entry: -(recovered[entry] or 0.0))


def recovery(index: ResultsIndex, panel: Panel, entry: Entry | None, target: float, **at: str) -> str:
    """Matched recovery with its interval."""
    where = {"condition": "raw-restored", **at}
    return with_interval(index, index.find(panel, "recovery", entry=entry, kind="matched", target=target, **where))


def with_interval(index: ResultsIndex, row: MetricRow | None) -> str:
    """A value with its interval in brackets."""
    cell = shown(index, row, None)
    return f"{cell.text} ({cell.within})" if cell.within else cell.text


def marked(index: ResultsIndex, panel: Panel, entry: Entry) -> str:
    """The method's name, with what makes its line no fair one."""
    marks = ["saw it"] if index.saw(entry, panel.recogniser) else []
    marks += ["privileged"] if index.privileged(entry) else []
    return f"{label_of(entry)} ({', '.join(marks)})" if marks else label_of(entry)


def label_of(entry: Entry) -> str:
    """Name, with the preset where it is not the default."""
    return entry.method if entry.preset in ("", "default", "tuned") else f"{entry.method}:{entry.preset}"


def table_head(heads: Sequence[str]) -> Iterator[str]:
    """The first two lines of a Markdown table."""
    yield line(heads)
    yield line(["---"] * len(heads))


def line(cells: Sequence[str]) -> str:
    """One line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
