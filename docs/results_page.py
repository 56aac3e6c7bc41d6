"""The text of docs/results_lfw.md, from the folders of finished runs: `docs/make_results.py` writes it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from published_runs import PublishedRun

from benchmark.reporting.detectors_table import detectors_table
from benchmark.reporting.export.build import export_run
from benchmark.reporting.export.document import ExportedRun, Method
from benchmark.reporting.export.markdown import escaped, markdown_table
from benchmark.reporting.export.paper_tables import PrintedTable, printed_tables
from benchmark.reporting.formatting import number
from benchmark.reporting.metrics_file import metric_rows
from benchmark.reporting.results_index import ResultsIndex
from benchmark.reporting.run_folder import read_finished
from benchmark.reporting.stored_run import read_cards, read_run
from benchmark.verification.metric_description import stored_descriptions

DIGEST_LENGTH = 12
"""Digits of a digest that the page shows."""

_INTRODUCTION = """# LFW, the whole tables

Made by one command, which carries out the runs below and writes this page:

```
python docs/make_results.py --lfw DIR {weights}
```

The conclusions are in [results.md](results.md); what every column means, in [statistics.md](statistics.md). The photos
are deep-funneled LFW, with one seeded mask drawn on each; crops have a side of 128 pixels. No method has seen a person
of LFW. The weights of methods are those that travel with the program; [the last
section](#the-weights-that-were-measured) has their digests.

* *Strong judge*: a recogniser that rejects at most 1 % of unmasked faces at an FMR of 0.1 %. What helps weak judges
  alone is no finding.
* *Seen*: the recogniser took part in training the method, so it is no independent judge of it. Methods that are fitted
  to each judge, such as `adapt`, have always seen it. They stand apart, as do those that are given what a deployed
  system lacks.
* Methods that a judge did not teach come first, in the order of their recovery at the matched threshold of the
  table's FMR.
* Adapters of other judges than `face_recognition` do not travel with the program: `train` makes them
  ([methods.md](methods.md#changing-the-recogniser)), and `--weights adapt@JUDGE=DIR` names them here.
* Times were taken beside other work on the same processor: compare them within a table only.
"""


def page(runs: Sequence[PublishedRun], folder: Path, shipped: set[str]) -> Iterator[str]:
    """The lines of the page.

    Args:
        runs: that it shows.
        folder: holds the folder of each.
        shipped: digests of the weights that travel with the program.

    Raises:
        RequestError: one of them is not finished.
    """
    judges = dict.fromkeys(name for run in runs for name in run.judges_with_files)
    yield _INTRODUCTION.format(weights=" ".join(f"--weights {name}=FILE" for name in judges))
    measured: dict[str, tuple[str, str]] = {}
    for run in runs:
        yield from section(run, folder / run.name)
        for label, facts in read_finished(folder / run.name)["weights"].items():
            measured[label] = (facts["sha256"], facts["trained_on"])
    yield "## The weights that were measured\n"
    yield "| weights | learned from | SHA-256 of the files | |\n|---|---|---|---|"
    for label, (digest, trained_on) in sorted(measured.items()):
        where = "in [weights/](../weights)" if digest in shipped else "not shipped"
        yield f"| `{label}` | {trained_on} | `{digest[:DIGEST_LENGTH]}` | {where} |"


def section(run: PublishedRun, folder: Path) -> Iterator[str]:
    """The lines of one run: the ranking before all judges, then the tables of each, then what was measured without a
    judge."""
    manifest = read_finished(folder)
    exported = [export_run(folder, target=target) for target in manifest["config"]["targets"]]
    tables = [table for one in exported for table in printed_tables(one)]
    strictest = printed_tables(exported[-1])
    yield f"## {run.heading}\n"
    yield f"{run.about} {_facts(exported[0])}\n"
    yield f"```\n{_command(run)}\n```\n"
    yield from _group("Recovery before every judge", [table for table in tables if table.kind == "recognisers"])
    for judge in dict.fromkeys(table.recogniser for table in exported[0].tables):
        own = [table for table in tables if (table.kind, table.recogniser) == ("methods", judge)]
        own += [table for table in strictest if (table.kind, table.recogniser) == ("masks", judge)]
        yield from _group(f"Judged by `{judge}`", own)
    unjudged = [*_pixels(exported[0]), *_detectors(folder)]
    if unjudged:
        yield "### Without a judge\n"
    yield from unjudged


def _group(title: str, tables: Sequence[PrintedTable]) -> Iterator[str]:
    if tables:
        yield f"### {title}\n"
    for table in tables:
        yield markdown_table(table) + "\n"


def _facts(run: ExportedRun) -> str:
    raw = run.tables[0].conditions[0].values["gfrr_matched"]
    return (
        f"{number(raw.n_mated, 0)} mated and {number(raw.n_nonmated, 0)} non-mated comparisons, measured on "
        f"{run.run.started[:10]} with revision {run.run.git_revision[:10]}."
    )


def _pixels(run: ExportedRun) -> Iterator[str]:
    """How close the holes are to the true pixels."""
    methods = [one for one in run.tables[0].methods if one.values["psnr_hole"].value is not None]
    if not methods:
        return
    yield "What is painted into the holes that were found, against the true pixels:\n"
    yield "| Method | PSNR dB | SSIM |\n|---|---:|---:|"
    for one in sorted(methods, key=_psnr, reverse=True):
        yield f"| {escaped(one.label)} | {number(_psnr(one), 1)} | {number(one.values['ssim_hole'].value, 3)} |"
    yield ""


def _psnr(method: Method) -> float:
    return method.values["psnr_hole"].value or 0.0


def _detectors(folder: Path) -> Iterator[str]:
    """How well the masks were found."""
    stored = read_run(folder)
    cards, descriptions = read_cards(stored.manifest["cards"]), stored_descriptions(stored.manifest)
    table = detectors_table(ResultsIndex(metric_rows(stored.metrics), cards, (), descriptions))
    if table is None:
        return
    heads = [*(column.text for column in table.columns), *(f"IoU %, {name}" for name in table.mask_types)]
    yield "How well the masks are found:\n"
    yield f"| Detector | {' | '.join(map(escaped, heads))} |\n|---|{'---:|' * len(heads)}"
    for row in table.rows:
        yield f"| {escaped(row.label)} | {' | '.join(cell.text for cell in (*row.cells, *row.by_type))} |"
    yield ""


def _command(run: PublishedRun) -> str:
    """The command line of a run, one setting a line."""
    words = shlex.join(run.arguments()).replace(" --", " \\\n  --")
    files = "".join(f" \\\n  --weights {name}=FILE" for name in run.judges_with_files)
    return f"python run_benchmark.py --data-root DIR \\\n  {words}{files}"
