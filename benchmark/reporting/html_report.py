"""``report.html``: one file that opens offline, light or dark, on a desk, a phone or paper."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from benchmark.reporting import formatting
from benchmark.reporting.chart_data import panel_charts, training_charts
from benchmark.reporting.conditions_table import conditions_table
from benchmark.reporting.detectors_table import detectors_table
from benchmark.reporting.example_faces import face_captions, face_rows
from benchmark.reporting.failures_table import failures_table
from benchmark.reporting.gallery_data import gallery_json
from benchmark.reporting.groups_table import groups_tables
from benchmark.reporting.headline import failed_plugins, headline
from benchmark.reporting.judges import strength
from benchmark.reporting.judges_table import ranking_tables
from benchmark.reporting.label_problem_lists import problem_lists
from benchmark.reporting.mask_type_table import mask_type_table
from benchmark.reporting.method_colours import MethodColours
from benchmark.reporting.note_groups import note_groups
from benchmark.reporting.page_policy import content_security_policy
from benchmark.reporting.page_templates import environment, read_template, style_sheet
from benchmark.reporting.provenance import manifest_lines, plugin_rows, step_times
from benchmark.reporting.rendered_figure import RenderedFigure
from benchmark.reporting.results_index import Panel, ResultsIndex, panel_title
from benchmark.reporting.results_table import method_table, table_entries
from benchmark.reporting.run_results import RunResults
from benchmark.verification.metric_description import MANIFEST_KEY

_SCRIPTS = (
    "elements.js",
    "sort.js",
    "help.js",
    "table_tools.js",
    "copied_table.js",
    "read_table.js",
    "printing.js",
    "gallery.js",
)
"""In the order in which they depend on each other."""
_CHARTS = (
    "chart_parts.js",
    "chart_curves.js",
    "chart_recovery.js",
    "chart_scores.js",
    "chart_training.js",
    "charts.js",
)
_DRAWN = ("recovery", "roc", "scores", "speed", "training")
"""Sections of drawn figures inside the page."""
_KINDS = {
    "baseline": "baselines",
    "completer": "completers",
    "blind": "whole-face methods",
    "adapter": "adapters",
    "privileged": "privileged",
}
"""What a method is filtered by, and what the page calls several of them."""


@dataclass(frozen=True)
class KindChoice:
    """One kind of method that the reader may hide, and how many of it there are."""

    name: str
    text: str
    count: int


@dataclass(frozen=True)
class TargetChoice:
    """One target FMR that the reader may choose."""

    number: int
    text: str
    main: bool
    warning: str


def render_report(results: RunResults, index: ResultsIndex, figures: dict[str, list[RenderedFigure]]) -> str:
    """The page.

    Args:
        results: the run.
        index: its metric rows.
        figures: by section: ``recovery``, ``roc``, ``scores``, ``speed``, ``training``; others are not shown here.
    """
    main = index.main_target()
    variables = {entry: MethodColours(index.entries).variable(entry) for entry in index.entries}
    tables = []
    charts = []
    for panel in index.panels:
        by_target: list[dict[str, Any]] = []
        if not index.targets:
            by_target.append(
                {"number": 0, "text": "", "methods": None, "conditions": conditions_table(index, panel, None)}
            )
        for number, target in enumerate(index.targets):
            methods = method_table(index, panel, target, variables)
            order = table_entries(methods.every_method())
            by_target.append(
                {
                    "number": number,
                    "text": formatting.target(target),
                    "methods": methods,
                    "mask_types": mask_type_table(index, panel, target, order, variables),
                    "conditions": conditions_table(index, panel, target),
                }
            )
        ranked = [] if main is None else table_entries(method_table(index, panel, main, variables).every_method())
        drawn = panel_charts(index, results.curves, panel, index.targets, ranked)
        charts += [] if drawn is None or main is None else [drawn]
        tables.append({"title": panel_title(index, panel), "strength": strength(index, panel), "targets": by_target})
    losses = {name: table for name, table in results.losses.items() if name not in results.trained_before}
    training = training_charts(losses)
    whole_script = script(with_charts=bool(charts or training))
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            style=style_sheet(),
            script=whole_script,
            policy=content_security_policy(whole_script),
            charts=charts,
            training_charts=training,
            headline=headline(
                index,
                main,
                synthetic=results.synthetic,
                failed_in_run=failed_plugins(results.manifest),
                differences=results.differences,
            ),
            synthetic=results.synthetic,
            subtitle=_subtitle(index),
            date=formatting.date(results.manifest.get("started")),
            targets=[_choice(index, number, target, main) for number, target in enumerate(index.targets)],
            main_target=None if main is None else formatting.target(main),
            method_kinds=_kinds(index),
            setting=f"{', '.join(_subtitle(index))}." if index.panels else "",
            tables=tables,
            ranking=ranking_tables(index, main),
            groups=groups_tables(index, results.groups, main),
            detectors=detectors_table(index),
            notes=note_groups(results.notes),
            figures={section: [_inline(figure) for figure in figures.get(section, ())] for section in _DRAWN},
            captions=face_captions(results.examples),
            faces=face_rows(results.examples),
            gallery=gallery_json(index, results.gallery),
            failures=failures_table(results.images),
            labels_checked=results.label_problems is not None,
            label_problems=problem_lists(results.label_problems),
            passed_over=results.manifest.get("passed_over", ()),
            command=results.manifest.get("command", ""),
            manifest=[line for line in manifest_lines(results.manifest) if not line[0].startswith(f"{MANIFEST_KEY}.")],
            times=step_times(results.manifest),
            plugins=plugin_rows(results.cards),
        )
    )


def script(*, with_charts: bool) -> Markup:
    """The page's one script: tables, help, printing, and the charting library with the interactive figures where there
    are some."""
    parts = [read_template(name) for name in _SCRIPTS]
    if with_charts:
        library = files("benchmark.reporting").joinpath("vendor", "chart.umd.min.js").read_text(encoding="utf-8")
        parts += [Markup(library), *(read_template(name) for name in _CHARTS)]
    return Markup("\n").join(parts)


def _inline(figure: RenderedFigure) -> dict[str, Any]:
    return {"svg": Markup(figure.inline), "name": figure.name, "caption": figure.caption}


def _kinds(index: ResultsIndex) -> list[KindChoice]:
    found = [index.kind(entry) for entry in index.entries]
    return [KindChoice(name, text, found.count(name)) for name, text in _KINDS.items() if name in found]


def _choice(index: ResultsIndex, number: int, target: float, main: float | None) -> TargetChoice:
    found = [index.support(target, panel) for panel in index.panels]
    warning = next((support.reason for support in found if support is not None and support.reason), "")
    return TargetChoice(number, formatting.target(target), target == main, warning)


def _subtitle(index: ResultsIndex) -> list[str]:
    """The setting in a few words, and how many comparisons it holds."""
    if not index.panels:
        return []
    parts = []
    for name in ("dataset", "protocol", "acquisition", "size"):
        values = sorted({getattr(panel, name) for panel in index.panels})
        text = formatting.listed(values)
        parts.append(f"{text} px" if name == "size" and all(value.isdigit() for value in values) else text)
    parts[2] += " acquisition"
    counts = _counts(index, index.panels[0])
    return [part for part in parts if part] + counts


def _counts(index: ResultsIndex, panel: Panel) -> list[str]:
    for row in index.rows:
        if row.condition == "raw-raw" and row.recogniser == panel.recogniser and row.mask_type == "all":
            mated, nonmated = (formatting.number(count, 0) for count in (row.n_mated, row.n_nonmated))
            return [f"{mated} mated and {nonmated} non-mated comparisons"]
    return []
