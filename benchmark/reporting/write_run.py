"""Writes a run's folder, file by file, each whole or absent; the manifest, which lists them, comes last."""

from __future__ import annotations

from pathlib import Path

from benchmark.errors import StorageError
from benchmark.reporting.example_faces import faces_figure
from benchmark.reporting.figure_recovery import recovery_figure
from benchmark.reporting.figure_roc import roc_figure
from benchmark.reporting.figure_scores import scores_figure
from benchmark.reporting.figure_speed import speed_figure
from benchmark.reporting.figure_style import NamedFigure, figure_style, file_name, save_figure
from benchmark.reporting.figure_training import training_figure
from benchmark.reporting.html_report import render_report
from benchmark.reporting.method_colours import MethodColours
from benchmark.reporting.metrics_file import write_metrics
from benchmark.reporting.results_index import ResultsIndex
from benchmark.reporting.results_table import method_table, table_entries
from benchmark.reporting.row_files import write_differences, write_groups, write_label_problems
from benchmark.reporting.run_folder import write_manifest
from benchmark.reporting.run_results import RunResults
from benchmark.reporting.stored_run import stored_cards, stored_notes
from benchmark.storage.atomic_files import write_atomically
from benchmark.storage.csv_files import write_table
from benchmark.storage.utf8 import as_utf8
from benchmark.verification.metric_description import stored_descriptions

_STRIPS_SHOWN = 4
"""Methods whose score distributions are drawn; more would not be read."""


def write_run(results: RunResults, folder: Path) -> Path:
    """Write the tables, ``figures/``, ``training/``, ``report.html``, and ``manifest.json`` last.

    Args:
        results: the run.
        folder: made if absent; what it holds already, such as ``scores.parquet``, is listed in the manifest as the
            run's own.

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
    with figure_style():
        figures = draw_figures(results, index)
        faces = faces_figure(results.examples)
        for figure in [drawn for section in figures.values() for drawn in section] + ([faces] if faces else []):
            save_figure(figure, folder / "figures")
        page = render_report(results, index, figures)
    report = folder / "report.html"
    write_atomically(report, as_utf8(page))
    read_later = {"cards": stored_cards(results.cards), "notes": stored_notes(results.notes)}
    write_manifest(folder, {**results.manifest, **read_later})
    return report


def draw_figures(results: RunResults, index: ResultsIndex) -> dict[str, list[NamedFigure]]:
    """Every figure by section of the report; what cannot be drawn is absent."""
    sections: dict[str, list[NamedFigure]] = {
        section: [] for section in ("recovery", "roc", "det", "scores", "speed", "training")
    }
    colours = MethodColours(index.entries)
    target = index.main_target()
    for panel in index.panels:
        if target is None:
            break
        table = method_table(index, panel, target, {})
        ranked = table_entries(table.methods)
        order = table_entries(table.every_method())
        drawn = {
            "recovery": recovery_figure(index, panel, target, order, colours),
            "roc": roc_figure(index, results.curves, panel, target, colours),
            "det": roc_figure(index, results.curves, panel, target, colours, rejected=True),
            "scores": scores_figure(
                index, results.curves, panel, target, shown=ranked[:_STRIPS_SHOWN], colours=colours
            ),
            "speed": speed_figure(index, panel, target, order, colours),
        }
        for section, figure in drawn.items():
            if figure is not None:
                sections[section].append(figure)
    for method, losses in results.losses.items():
        figure = None if method in results.trained_before else training_figure(method, losses)
        if figure is not None:
            sections["training"].append(figure)
    return sections
