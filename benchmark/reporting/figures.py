"""Draws every figure of a run."""

from __future__ import annotations

from benchmark.reporting.figure_faces import faces_figure
from benchmark.reporting.figure_recovery import recovery_figure
from benchmark.reporting.figure_roc import roc_figure
from benchmark.reporting.figure_scores import scores_figure
from benchmark.reporting.figure_speed import speed_figure
from benchmark.reporting.figure_style import NamedFigure, figure_files, figure_style, inline_svg
from benchmark.reporting.figure_training import training_figure
from benchmark.reporting.method_colours import MethodColours
from benchmark.reporting.rendered_figure import FACES, RenderedFigure
from benchmark.reporting.results_index import ResultsIndex
from benchmark.reporting.results_table import method_table, table_entries
from benchmark.reporting.run_results import RunResults

_STRIPS_SHOWN = 4
"""Methods whose score distributions are drawn; more would not be read."""


def draw_figures(results: RunResults, index: ResultsIndex) -> dict[str, list[RenderedFigure]]:
    """Every figure by section of the report, and the example faces as `FACES`; what cannot be drawn is absent."""
    with figure_style():
        drawn = _charts(results, index)
        # each is saved before any is put on the page: saving may move what was drawn
        files = {section: [figure_files(figure) for figure in figures] for section, figures in drawn.items()}
        figures = {
            section: [
                RenderedFigure(figure.name, figure.caption, *both, inline_svg(figure))
                for figure, both in zip(drawn[section], files[section], strict=True)
            ]
            for section in drawn
        }
        faces = faces_figure(results.examples)
        if faces is not None:
            figures[FACES] = [RenderedFigure(faces.name, faces.caption, *figure_files(faces))]
    return figures


def _charts(results: RunResults, index: ResultsIndex) -> dict[str, list[NamedFigure]]:
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
