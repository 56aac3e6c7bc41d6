"""The table of methods: what each cell shows, in what order, and why one is empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmark.reporting.formatting import EN_DASH, MINUS, missing, number, rate_decimals, times
from benchmark.reporting.metric_text import bare_interval, bare_value, heading, set_by_its_threshold
from benchmark.reporting.results_index import FLAGGED_RATIO, NATIVE, Entry, Panel, ResultsIndex
from benchmark.verification.base import MetricRow


@dataclass(frozen=True)
class Shown:
    """One cell.

    Attributes:
        text: the number, or an en dash.
        within: the interval, small beneath it.
        title: what the box of help says: the counts, or why there is no number.
        order: what the column sorts by; None sorts last.
        ends: of the interval, as `order`; None where there is none.
        flag: a warning shown beside the number.
        empty: there is no number.
    """

    text: str
    within: str = ""
    title: str = ""
    order: float | None = None
    flag: str = ""
    empty: bool = False
    ends: tuple[float, float] | None = None


@dataclass(frozen=True)
class RecoveryBar:
    """Positions in percent of the track's width."""

    zero: float
    one: float
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Badge:
    """A mark beside a method's name: `kind` chooses its colour."""

    text: str
    title: str
    kind: str


@dataclass(frozen=True)
class TableRow:
    """One method, or one condition without a method: `name` tells it from every other, `kind` is what it is filtered
    by and empty for a condition."""

    label: str
    title: str
    cells: tuple[Shown, ...]
    name: str = ""
    kind: str = ""
    details: tuple[str, ...] = ()
    badges: tuple[Badge, ...] = ()
    bar: RecoveryBar | None = None
    colour: str = ""
    entry: Entry | None = None

    @property
    def help(self) -> str:
        """What the box of help says of the row: what the method is, and what each badge means."""
        said = [self.title, *(f"{badge.text}: {badge.title}" for badge in self.badges)]
        return ". ".join(part.rstrip(".") for part in said if part)


@dataclass(frozen=True)
class Column:
    """One column: where its value is found and how it is printed."""

    metric: str
    kind: str
    group: str
    condition: str = "raw-restored"
    title: str = ""
    """Instead of the metric's own, where the place in the table says more."""


@dataclass(frozen=True)
class Heading:
    """How a column is headed, as its metric describes itself; `key` tells it from the other columns of its table."""

    text: str
    help: str
    group: str
    lower_is_better: bool
    key: str = ""


MATCHED, FROZEN, PICTURE, COST = "Matched threshold", "Frozen threshold", "Picture, hole only", "Cost"
COLUMNS: tuple[Column, ...] = (
    Column("recovery", "matched", MATCHED, title="Recovery"),
    Column("gfrr", "matched", MATCHED, ""),
    Column("tar", "matched", MATCHED, ""),
    Column("gfrr", "frozen", FROZEN, ""),
    Column("fmr", "frozen", FROZEN, "", title="Realised FMR\u00a0%"),
    Column("recovery_frozen", "frozen", FROZEN, title="Recovery\u00a0%"),
    Column("harm", "frozen", FROZEN, "raw-passthrough"),
    Column("psnr_hole", "none", PICTURE, title="PSNR\u00a0dB"),
    Column("ssim_hole", "none", PICTURE, title="SSIM"),
    Column("fta", "none", COST, ""),
    Column("seconds_per_image", "none", COST, title="Time"),
    Column("peak_memory_mib", "none", COST, title="Memory"),
)
"""Which metrics the table shows, and where; how they are printed is theirs to say."""


@dataclass(frozen=True)
class MethodTable:
    """The table of one panel at one target."""

    groups: tuple[tuple[str, int], ...]
    columns: tuple[Heading, ...]
    baselines: tuple[TableRow, ...]
    methods: tuple[TableRow, ...]
    fitted: tuple[TableRow, ...] = ()
    seen: tuple[TableRow, ...] = ()
    privileged: tuple[TableRow, ...] = ()

    @property
    def unranked(self) -> tuple[tuple[str, tuple[TableRow, ...]], ...]:
        """The rows that stand apart, with the reason."""
        groups = (
            (
                "Fitted to this recogniser or its templates, so this judge is not independent: ranked separately",
                self.fitted,
            ),
            ("Saw this recogniser in training: no independent judge, not ranked", self.seen),
            (
                "Privileged: given what a deployed system does not have, so an upper limit, not a contender",
                self.privileged,
            ),
        )
        return tuple((reason, rows) for reason, rows in groups if rows)

    def every_method(self) -> list[TableRow]:
        """All rows of methods, in the order shown."""
        return [*self.methods, *(row for _, rows in self.unranked for row in rows)]


_BASELINES: tuple[tuple[str, str, str, str], ...] = (
    ("Raw, native", "raw-raw", NATIVE, "no mask on either side, at the photo's own resolution"),
    (
        "Raw",
        "raw-raw",
        "",
        "no mask on either side, the same resampling as restored faces: the most that can be won back",
    ),
    ("Masked probe", "raw-masked", "", "the mask left on: what every method must beat"),
    ("Both masked", "masked-masked", "", "reference and probe both masked, no method applied"),
)
_WHY_MISSING = {
    "recovery": "withheld: the interval of what the mask took includes 0 (see the notes)",
    "recovery_frozen": "withheld: the interval of what the mask took includes 0 (see the notes)",
    "psnr_hole": "undefined: the restored pixels equal the true ones",
}
_NOT_MEASURED = {
    "harm": "not measured: no unmasked probes were sent through this method",
    "psnr_hole": "no picture to compare: the method restores no face",
    "ssim_hole": "no picture to compare: the method restores no face",
}
_BAR_RANGE = (-0.3, 1.1)


def method_table(index: ResultsIndex, panel: Panel, target: float, colours: dict[Entry, str]) -> MethodTable:
    """No method first, then methods by matched recovery (where there is none: by GFRR), then those that stand apart."""
    rows = [_method_row(index, panel, entry, target, colours.get(entry, "")) for entry in index.entries_of(panel)]
    rows.sort(key=_rank)
    baselines = [_baseline_row(index, panel, target, baseline) for baseline in _BASELINES]
    groups: list[tuple[str, int]] = []
    for column in COLUMNS:
        if groups and groups[-1][0] == column.group:
            groups[-1] = (column.group, groups[-1][1] + 1)
        else:
            groups.append((column.group, 1))
    return MethodTable(
        groups=tuple(groups),
        columns=tuple(_heading(index, column) for column in COLUMNS),
        baselines=tuple(row for row in baselines if row is not None),
        **{name: tuple(row for row in rows if _group(index, panel, row) == name) for name in _GROUPS},
    )


_GROUPS = ("methods", "fitted", "seen", "privileged")


def _group(index: ResultsIndex, panel: Panel, row: TableRow) -> str:
    """Which field of `MethodTable` holds the row."""
    if row.entry is None or index.privileged(row.entry):
        return "privileged"
    if index.fitted(row.entry):
        return "fitted"
    return "seen" if index.saw(row.entry, panel.recogniser) else "methods"


def _heading(index: ResultsIndex, column: Column) -> Heading:
    metric = index.describe(column.metric)
    text, key = column.title or heading(metric), f"{column.metric}-{column.kind}"
    return Heading(text, metric.meaning, column.group, metric.higher_is_better is False, key)


def _rank(row: TableRow) -> tuple[bool, float, float]:
    recovery, rejected = (cell.order for cell in row.cells[:2])
    return recovery is None, -(recovery or 0.0), 1.0 if rejected is None else rejected


def shown(index: ResultsIndex, row: MetricRow | None, target: float | None, why: str | None = None) -> Shown:
    """How one value appears: percentages without their sign, the column's heading carries it.

    Args:
        index: describes the metric.
        row: the value; None where the run has none.
        target: the table's target FMR.
        why: what is known of a value that is missing.
    """
    if row is None:
        return Shown(EN_DASH, title=why or "not measured in this run", empty=True)
    if row.value is None or missing(row.value):
        known = why or _WHY_MISSING.get(row.metric, "could not be computed: too few completed comparisons")
        return Shown(EN_DASH, title=known, empty=True)
    metric = index.describe(row.metric)
    counts = f"{number(row.n_mated, 0)} mated, {number(row.n_nonmated, 0)} non-mated, {number(row.n_failed, 0)} failed"
    if row.threshold is not None and not missing(row.threshold):
        counts += f"; threshold {row.threshold:.4g}".replace("-", MINUS)
    decimals, flag = metric.decimals, ""
    if metric.held_to_target and target:
        decimals = rate_decimals(target)
        if row.metric == "fmr" and row.value > FLAGGED_RATIO * target:
            flag = times(row.value / target)
    text = bare_value(metric, row.value, decimals=decimals)
    within = bare_interval(metric, row.ci_low, row.ci_high, decimals=decimals)
    if set_by_its_threshold(row.metric, text, within):
        within, counts = "", f"{counts}; no interval: the threshold was set on these very comparisons to give this rate"
    return Shown(
        text=text,
        within=within,
        title=counts,
        order=row.value,
        flag=flag,
        ends=None if row.ci_low is None or row.ci_high is None else (row.ci_low, row.ci_high),
    )


def _method_row(index: ResultsIndex, panel: Panel, entry: Entry, target: float, colour: str) -> TableRow:
    cells, bar = [], None
    for column in COLUMNS:
        condition = column.condition or "raw-restored"
        at = None if column.kind == "none" else target
        row = index.find(panel, column.metric, condition=condition, entry=entry, kind=column.kind, target=at)
        why = index.why_missing(panel, column.metric, condition=condition, entry=entry, target=at)
        cell = shown(index, row, target, why or (_NOT_MEASURED.get(column.metric) if row is None else None))
        if column.metric == "recovery" and row is not None and not cell.empty:
            bar = recovery_bar(row)
        cells.append(cell)
    summary = "; ".join(card.summary for card in index.cards_of(entry) if card.summary)
    return TableRow(
        label=index.asked_for(entry),
        title=summary,
        cells=tuple(cells),
        name=index.label(entry),
        kind=index.kind(entry),
        details=_details(index, entry),
        badges=_badges(index, panel, entry),
        bar=bar,
        colour=colour,
        entry=entry,
    )


def _baseline_row(
    index: ResultsIndex, panel: Panel, target: float, baseline: tuple[str, str, str, str]
) -> TableRow | None:
    label, condition, size, title = baseline
    at = replace(panel, size=size) if size else panel
    cells, found = [], False
    for column in COLUMNS:
        if column.condition:  # only a method has this value
            cells.append(Shown("", empty=True))
            continue
        row = index.find(
            at, column.metric, condition=condition, kind=column.kind, target=None if column.kind == "none" else target
        )
        if row is None and condition == "raw-raw" and column.kind == "matched":
            row = index.find(at, column.metric, condition=condition, kind="frozen", target=target)
        found = found or row is not None
        why = index.why_missing(at, column.metric, condition=condition, target=target)
        cells.append(shown(index, row, target, why))
    return TableRow(label, title, tuple(cells)) if found else None


def recovery_bar(row: MetricRow) -> RecoveryBar:
    """Where zero, one, the value and its interval stand on the track, clipped to its ends."""

    def place(value: float) -> float:
        low, high = _BAR_RANGE
        return round(100 * (min(max(value, low), high) - low) / (high - low), 2)

    bounded = row.ci_low is not None and row.ci_high is not None
    return RecoveryBar(
        zero=place(0.0),
        one=place(1.0),
        value=place(row.value or 0.0),
        low=place(row.ci_low or 0.0) if bounded else None,
        high=place(row.ci_high or 0.0) if bounded else None,
    )


def _details(index: ResultsIndex, entry: Entry) -> tuple[str, ...]:
    parts = []
    if entry.mask_source == "detected":
        parts.append("finds the mask itself")
    elif entry.mask_source == "true":
        parts.append("given the true mask")
    if entry.train_data not in ("", "none"):
        whose = "" if index.learned(entry) else "its detector was "
        parts.append(f"{whose}trained on {entry.train_data}")
    if entry.preset not in ("", "none", "default") and index.asked_for(entry) == entry.method:
        parts.append(entry.preset)
    return tuple(parts)


def _badges(index: ResultsIndex, panel: Panel, entry: Entry) -> tuple[Badge, ...]:
    badges = []
    if index.privileged(entry):
        badges.append(Badge("privileged", "given what a deployed system lacks: the true mask or true pixels", "warn"))
    if index.baseline(entry):
        badges.append(Badge("baseline", "what anyone could do without a method", "plain"))
    if index.saw(entry, panel.recogniser):
        title = f"{panel.recogniser} took part in training this method: it is no fair judge"
        badges.append(Badge(f"saw {panel.recogniser}", title, "alert"))
    if index.may_know_tested(entry):
        title = "nobody can say whether the people tested are among those that it, or its mask detector, learned from"
        badges.append(Badge("may know these people", title, "alert"))
    trained_on = sorted(
        {name for card in index.cards_of(entry) for name in card.trained_on} - set(entry.train_data.split("+"))
    )
    badges += [Badge(f"weights: {name}", f"its weights have seen {name} beforehand", "plain") for name in trained_on]
    return tuple(badges)


def table_entries(rows: Sequence[TableRow]) -> list[Entry]:
    """The entries of `rows`, in their order."""
    return [row.entry for row in rows if row.entry is not None]
