"""The measuring step: scored cells in, rows of ``metrics.csv`` out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BenchmarkError
from benchmark.progress import Progress
from benchmark.verification.base import Cell, Metric, MetricRow
from benchmark.verification.bootstrap import draw_subjects
from benchmark.verification.cell_metrics import CellMeter
from benchmark.verification.errors_in_cells import CellErrors, Group, group_of
from benchmark.verification.measurement import CellCurves, Measurement, NoteBook, ScoredCell
from benchmark.verification.resolve import load_metrics
from benchmark.verification.selections import check_comparisons
from benchmark.verification.thresholds import DEFAULT_TARGETS, check_targets

DEFAULT_REPLICATES = 200
_CELL_FIELDS = tuple(field.name for field in fields(Cell))
Keep = Callable[[Sequence[ScoredCell], Callable[[], Measurement]], Measurement]
"""Is given the cells of a group and what measures them, and returns the measurement: made now, or before."""


def measure(
    cells: Sequence[ScoredCell],
    *,
    subjects: NDArray[np.int32],
    mask_types: Sequence[str | None],
    targets: tuple[float, ...] = DEFAULT_TARGETS,
    replicates: int = DEFAULT_REPLICATES,
    seed: int = 0,
    progress: Progress | None = None,
    metrics: Mapping[str, Metric] | None = None,
    baselines: Collection[str] = (),
    given_thresholds: Mapping[Group, Mapping[float, float]] | None = None,
    between_methods: bool = True,
    keep: Keep | None = None,
) -> Measurement:
    """Measure every cell of one protocol.

    Cells that share data set, protocol, acquisition arm, size and recogniser form a group; the frozen thresholds of
    a group come from its raw-raw cell of method ``none``, those of a method with a raw-raw cell of its own from that
    one. All cells share the same bootstrap replicates, so that
    whatever is set against each other is paired.

    Args:
        cells: the scored cells, of one data set and protocol.
        subjects: ``int32 (n_photos,)``, a code of the subject of each photo of the protocol, from 0 up.
        mask_types: for each photo the type of the mask drawn on it, None where none was.
        targets: false match rates to set thresholds for; those without comparisons enough are refused in a note.
        replicates: the replicates of the bootstrap; 0 leaves intervals empty, and recovery withheld.
        seed: the run's seed.
        progress: for a bar; None shows none.
        metrics: what to measure, by name; None = every registered one.
        baselines: names of the methods that every other one is tested against.
        given_thresholds: frozen thresholds from elsewhere, by recogniser, arm and size; then by target. A group that is
            not named takes them from its own raw-raw cell.
        between_methods: whether every method is set against every other one, too.
        keep: decides for each group whether it must be measured; None measures all. What a group's measurement depends
            on is its cells and every other argument but `progress`.

    Returns:
        Rows in the order of `cells`; no two share all key columns. A value that is not defined is None.

    Raises:
        RequestError: a target is no rate.
        BenchmarkError: the cells contradict each other, the subjects or the protocol.
    """
    check_targets(targets)
    _check_cells(cells, subjects, mask_types)
    draws = draw_subjects(int(subjects.max()) + 1 if len(subjects) else 0, replicates, seed=seed)
    errors = CellErrors(subjects, mask_types, draws, targets, given_thresholds)
    chosen = load_metrics() if metrics is None else metrics
    found: list[Measurement] = []
    with (progress or Progress(quiet=True)).bar("measure", total=len(cells), unit="cell") as bar:
        for group in _groups(cells):
            made = 0

            def measured(group: Sequence[ScoredCell] = group) -> Measurement:
                nonlocal made
                own_book = NoteBook()
                errors.start_group(group)
                meter = CellMeter(group, chosen, errors, own_book, seed=seed)
                rows: list[MetricRow] = []
                curves: list[CellCurves] = []
                for scored in group:
                    of_cell, drawn = meter.measure(scored)
                    rows += of_cell
                    curves.append(drawn)
                    bar.update(1)
                    made += 1
                between = meter.differences(baselines) if between_methods else ()
                return Measurement(tuple(rows), own_book.notes(), tuple(curves), between)

            found.append(measured() if keep is None else keep(group, measured))
            bar.update(len(group) - made)
    return _together(cells, found)


def _together(cells: Sequence[ScoredCell], groups: Sequence[Measurement]) -> Measurement:
    """The measurements of all groups as one, in the order of `cells`."""
    book = NoteBook()
    rows: defaultdict[Cell, list[MetricRow]] = defaultdict(list)
    for group in groups:
        for row in group.rows:
            rows[Cell(*(getattr(row, name) for name in _CELL_FIELDS))].append(row)
        for note in group.notes:
            for cell in note.cells:
                book.add(note.kind, note.text, cell, mask_type=note.mask_type, metric=note.metric, target=note.target)
    curves = {one.cell: one for group in groups for one in group.curves}
    return Measurement(
        tuple(row for scored in cells for row in rows[scored.cell]),
        book.notes(),
        tuple(curves[scored.cell] for scored in cells),
        tuple(row for group in groups for row in group.differences),
    )


def _groups(cells: Sequence[ScoredCell]) -> list[list[ScoredCell]]:
    groups: dict[Group, list[ScoredCell]] = {}
    for scored in cells:
        groups.setdefault(group_of(scored.cell), []).append(scored)
    return list(groups.values())


def _check_cells(cells: Sequence[ScoredCell], subjects: NDArray[np.int32], mask_types: Sequence[str | None]) -> None:
    if len(mask_types) != len(subjects):
        raise BenchmarkError(f"{len(mask_types)} mask types for {len(subjects)} photos; give one per photo")
    if len({(scored.cell.dataset, scored.cell.protocol) for scored in cells}) > 1:
        raise BenchmarkError("cells of several data sets or protocols; measure each protocol by itself")
    if len({scored.cell for scored in cells}) < len(cells):
        raise BenchmarkError("a cell is given twice; give each cell once")
    checked: set[int] = set()
    for scored in cells:
        comparisons = scored.comparisons
        if scored.scores.shape != (len(comparisons),):
            raise BenchmarkError(
                f"{scored.scores.shape} scores for {len(comparisons)} comparisons of {scored.cell}; give one each"
            )
        if id(comparisons) not in checked:
            check_comparisons(comparisons, subjects)
            checked.add(id(comparisons))
        failed = scored.failed_probes[comparisons.probe] | scored.failed_references[comparisons.reference]
        if np.isfinite(scored.scores[failed]).any():
            raise BenchmarkError(f"a photo without a template has a score in {scored.cell}; it must be NaN")
