"""A finished run, as a program or a notebook reads it."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from benchmark.counted import counted
from benchmark.errors import RequestError
from benchmark.reporting.metrics_file import metric_rows
from benchmark.reporting.results_index import Panel, ResultsIndex
from benchmark.reporting.scores_file import CELL_COLUMNS
from benchmark.reporting.stored_run import StoredRun, read_cards, read_run
from benchmark.storage.csv_files import read_table_of_text
from benchmark.verification.base import Cell
from benchmark.verification.curves import curves_of
from benchmark.verification.measurement import CellCurves
from benchmark.verification.metric_description import stored_descriptions
from benchmark.verification.samples import ScoreSample

if TYPE_CHECKING:
    import pyarrow.compute as pc
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from benchmark.reporting.results_table import TableRow


class RunResult:
    """What a run found, read from its folder when it is asked for.

    Args:
        folder: the folder of a finished run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return f"RunResult({str(self.folder)!r})"

    @property
    def report(self) -> Path:
        """The path of ``report.html``."""
        return self.folder / "report.html"

    @property
    def metrics(self) -> pd.DataFrame:
        """``metrics.csv``: one value per row; rates are shares, so 0.01 is 1 %."""
        return self._stored.metrics

    @property
    def manifest(self) -> Mapping[str, Any]:
        """``manifest.json``: settings, versions, digests, durations."""
        return self._stored.manifest

    @cached_property
    def images(self) -> pd.DataFrame:
        """``images.csv``: the status of every image in every step."""
        return read_table_of_text(self.folder / "images.csv")

    @property
    def notes(self) -> list[str]:
        """What a reader must know about the numbers: what was left out, withheld or flagged, and why."""
        return list(self.manifest.get("notes", ()))

    @property
    def failures(self) -> pd.DataFrame:
        """The rows of `images` that failed, each with its reason."""
        return self.images[self.images["status"] == "failed"].reset_index(drop=True)

    def scores(self, **where: str) -> pd.DataFrame:
        """Every score of every comparison; NaN where the comparison failed. Higher = more alike.

        Args:
            where: values of leading columns, such as ``recogniser="face_recognition", condition="raw-raw"``: only these
                rows are read, which helps with files larger than memory.

        Raises:
            RequestError: there is no such column.
        """
        import pyarrow.dataset as pads  # noqa: PLC0415  # most users of a run read no scores

        stored = pads.dataset(self.folder / "scores.parquet", format="parquet")
        frame: pd.DataFrame = stored.to_table(filter=_filter(where)).to_pandas()
        return frame

    def table(self, *, recogniser: str | None = None, target: float | None = None) -> pd.DataFrame:
        """The table of methods, as in the report: baselines, methods by recovery, then those that are not ranked.

        Args:
            recogniser: of the only judge wanted; None = all.
            target: false match rate at which thresholds are set; None = the strictest that the run carries.

        Returns:
            One row per method and judge, indexed by the method's name. ``role`` is ``baseline``, ``method`` (ranked),
            ``fitted to judge`` (it changes the judge or its templates), ``saw judge`` (the judge took part in its
            training) or ``privileged``; ``saw_judge`` says of every row, privileged ones too, whether the method has
            seen its judge. The other columns are named after their metric, with the threshold's kind where a metric has
            both (``gfrr_matched``); rates are shares, and what was not measured or is withheld is NaN.

        Raises:
            RequestError: the run has no such recogniser or target.
        """
        from benchmark.reporting.results_table import method_table  # noqa: PLC0415  # draws on the whole report

        records = []
        for panel in self._panels(recogniser):
            found = method_table(self._index, panel, self._target(target), {})
            for role, rows in (
                ("baseline", found.baselines),
                ("method", found.methods),
                ("fitted to judge", found.fitted),
                ("saw judge", found.seen),
                ("privileged", found.privileged),
            ):
                records += [self._record(panel, role, row) for row in rows]
        return pd.DataFrame.from_records(records).set_index("label").rename_axis("method")

    def terminal_table(self) -> str:
        """The table of methods as plain text, 80 columns wide at most."""
        from benchmark.reporting.terminal_table import terminal_table  # noqa: PLC0415  # draws on the whole report

        return terminal_table(self._index)

    def plot_roc(self, *, recogniser: str | None = None, target: float | None = None) -> Axes:
        """ROC curves: raw, masked, and every method.

        Args:
            recogniser: the judge; None = the only one, or the first.
            target: false match rate that is marked; None = the strictest that the run carries.

        Raises:
            RequestError: the run has no such recogniser or target, or compared nothing.
        """
        from benchmark.reporting.figure_roc import roc_figure  # noqa: PLC0415  # imports Matplotlib
        from benchmark.reporting.figure_style import figure_style  # noqa: PLC0415
        from benchmark.reporting.method_colours import MethodColours  # noqa: PLC0415

        panel, at = self._panels(recogniser)[0], self._target(target)
        with figure_style():
            drawn = roc_figure(
                self._index,
                self._curves(panel),
                panel,
                at,
                MethodColours(self._index.entries),
                make_figure=_pyplot_figure,
            )
        if drawn is None:
            raise RequestError(f"{self.folder}: no scores of '{panel.recogniser}' to draw")
        return drawn.figure.axes[0]

    def plot_recovery(self, *, recogniser: str | None = None, target: float | None = None) -> Axes:
        """The recovery of each method, with its interval: the share of the loss caused by the mask that it wins back.

        Args:
            recogniser: the judge; None = the only one, or the first.
            target: false match rate of the matched thresholds; None = the strictest that the run carries.

        Raises:
            RequestError: the run has no such recogniser or target, or no recovery that may be shown.
        """
        from benchmark.reporting.figure_recovery import recovery_figure  # noqa: PLC0415  # imports Matplotlib
        from benchmark.reporting.figure_style import figure_style  # noqa: PLC0415
        from benchmark.reporting.method_colours import MethodColours  # noqa: PLC0415
        from benchmark.reporting.results_table import method_table, table_entries  # noqa: PLC0415

        panel, at = self._panels(recogniser)[0], self._target(target)
        rows = method_table(self._index, panel, at, {})
        order = table_entries([*rows.methods, *rows.privileged])
        with figure_style():
            drawn = recovery_figure(
                self._index, panel, at, order, MethodColours(self._index.entries), make_figure=_pyplot_figure
            )
        if drawn is None:
            raise RequestError(f"{self.folder}: no recovery at FMR {at:g} may be shown; `notes` says why")
        return drawn.figure.axes[0]

    def _repr_html_(self) -> str:
        from benchmark.reporting.headline import headline  # noqa: PLC0415  # draws on the whole report

        synthetic = bool(self.manifest.get("cards", {}).get(self._setting("dataset"), {}).get("synthetic"))
        title = headline(self._index, self._index.main_target(), synthetic=synthetic).title
        parts = [f"<p><b>{html.escape(title)}</b></p>"]
        if self._index.panels and self._index.targets:
            shown = self.table().dropna(axis="columns", how="all")
            parts.append(shown.to_html(float_format=lambda value: f"{value:.3g}", na_rep="–", border=0))
        failed = len(self.failures)
        parts.append(
            f"<p>{failed:,} of {counted(len(self.images), 'image')} failed at some step; "
            f"{counted(len(self.notes), 'note')}; report: "
            f"<code>{html.escape(str(self.report))}</code></p>"
        )
        return "\n".join(parts)

    @cached_property
    def _stored(self) -> StoredRun:
        return read_run(self.folder)

    @cached_property
    def _index(self) -> ResultsIndex:
        return ResultsIndex(
            metric_rows(self.metrics),
            read_cards(self.manifest.get("cards", {})),
            self.notes,
            stored_descriptions(self.manifest),
        )

    def _setting(self, name: str) -> str:
        return str(self.manifest.get("config", {}).get(name, ""))

    def _panels(self, recogniser: str | None) -> list[Panel]:
        found = [panel for panel in self._index.panels if recogniser in (None, panel.recogniser)]
        if not found:
            judges = ", ".join(dict.fromkeys(panel.recogniser for panel in self._index.panels)) or "none"
            raise RequestError(f"{self.folder} has no recogniser '{recogniser}'; it has: {judges}")
        return found

    def _target(self, wanted: float | None) -> float:
        at = self._index.main_target() if wanted is None else wanted
        if at is None:
            raise RequestError(
                f"{self.folder} has too few comparisons for any threshold; `notes` says how many it needs"
            )
        if at not in self._index.targets:
            known = ", ".join(f"{target:g}" for target in self._index.targets) or "none"
            raise RequestError(f"{self.folder} has no threshold at FMR {at:g}; it has: {known}")
        return at

    def _record(self, panel: Panel, role: str, row: TableRow) -> dict[str, Any]:
        from benchmark.reporting.results_table import COLUMNS  # noqa: PLC0415

        entry = row.entry
        metrics = [column.metric for column in COLUMNS]
        names = [
            f"{column.metric}_{column.kind}" if metrics.count(column.metric) > 1 else column.metric
            for column in COLUMNS
        ]
        values = [np.nan if cell.order is None else cell.order for cell in row.cells]
        return {
            "label": row.label if entry is None else self._index.label(entry),
            "role": role,
            "recogniser": panel.recogniser,
            "acquisition": panel.acquisition,
            "saw_judge": entry is not None and (self._index.fitted(entry) or self._index.saw(entry, panel.recogniser)),
            **dict(zip(names, values, strict=True)),
        }

    def _curves(self, panel: Panel) -> Iterator[CellCurves]:
        """The ROC points of every condition of one judge, from its scores."""
        where = {name: getattr(panel, name) for name in ("dataset", "protocol", "acquisition", "size", "recogniser")}
        scores = self.scores(**where)
        edges = np.linspace(0.0, 1.0, 2)  # no histogram is drawn
        for values, of_cell in scores.groupby(list(CELL_COLUMNS), observed=True, sort=False):
            sample = ScoreSample.of(of_cell["score"].to_numpy(), of_cell["mated"].to_numpy())
            yield curves_of(Cell(*cast("Sequence[str]", values)), sample, edges)


def load_run(folder: Path | str) -> RunResult:
    """The result of a run that was stored earlier.

    Args:
        folder: the folder of the run, e.g. ``reports/2026-01-01_120000_synthetic``.

    Raises:
        RequestError: it holds no finished run.

    >>> load_run("reports/no-such-run")
    Traceback (most recent call last):
    benchmark.errors.RequestError: no such folder: reports/no-such-run; name a folder below reports/
    """
    result = RunResult(Path(folder))
    _ = result.metrics  # refuses now what is no run
    return result


def _pyplot_figure(width: float, height: float) -> Figure:
    """A figure that notebooks show and ``plt.show()`` opens."""
    import matplotlib.pyplot as plt  # noqa: PLC0415  # nobody else needs a window

    return plt.figure(figsize=(width, height))


def _filter(where: Mapping[str, str]) -> pc.Expression | None:
    import pyarrow.compute as pc  # noqa: PLC0415  # as in `scores`

    unknown = [name for name in where if name not in CELL_COLUMNS]
    if unknown:
        raise RequestError(f"scores have no column '{unknown[0]}'; they have: {', '.join(CELL_COLUMNS)}")
    wanted = None
    for name, value in where.items():
        condition = pc.field(name) == value
        wanted = condition if wanted is None else wanted & condition
    return wanted
