"""Writes a run's folder, file by file, each whole or absent; the manifest, which lists them, comes last."""

from __future__ import annotations

from pathlib import Path

from benchmark.artifacts import ArtifactStore
from benchmark.errors import StorageError
from benchmark.reporting.file_names import file_name
from benchmark.reporting.html_report import render_report
from benchmark.reporting.metrics_file import write_metrics
from benchmark.reporting.results_index import ResultsIndex
from benchmark.reporting.row_files import write_differences, write_groups, write_label_problems
from benchmark.reporting.run_folder import write_manifest
from benchmark.reporting.run_results import RunResults
from benchmark.reporting.stored_figures import rendered_figures
from benchmark.reporting.stored_run import stored_cards, stored_notes
from benchmark.storage.atomic_files import write_atomically
from benchmark.storage.csv_files import write_table
from benchmark.storage.utf8 import as_utf8
from benchmark.verification.metric_description import stored_descriptions


def write_run(results: RunResults, folder: Path, store: ArtifactStore | None = None) -> Path:
    """Write the tables, ``figures/``, ``training/``, ``report.html``, and ``manifest.json`` last.

    Args:
        results: the run.
        folder: made if absent; what it holds already, such as ``scores.parquet``, is listed in the manifest as the
            run's own.
        store: keeps the figures, and has those that a run with the same results drew; None = all are drawn.

    Returns:
        The path of ``report.html``.

    Raises:
        BenchmarkError: two metric rows share one key.
        StorageError: the folder cannot be written, or the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made ({error.strerror}); choose another folder with --out") from error
    write_metrics(results.metrics, folder / "metrics.csv")
    write_differences(results.differences, folder / "differences.csv")
    if results.groups:
        write_groups(results.groups, folder / "groups.csv")
    if results.label_problems is not None:
        write_label_problems(results.label_problems.rows, folder / "label_problems.csv")
    write_table(folder / "images.csv", results.images)
    if results.losses:
        (folder / "training").mkdir(exist_ok=True)
    for method, losses in results.losses.items():
        write_table(folder / "training" / f"{file_name(method)}.csv", losses)
    index = ResultsIndex(results.metrics, results.cards, results.notes, stored_descriptions(results.manifest))
    figures = rendered_figures(results, index, store)
    for figure in (figure for section in figures.values() for figure in section):
        figure.save(folder / "figures")
    page = render_report(results, index, figures)
    report = folder / "report.html"
    write_atomically(report, as_utf8(page))
    read_later = {"cards": stored_cards(results.cards), "notes": stored_notes(results.notes)}
    write_manifest(folder, {**results.manifest, **read_later})
    return report
