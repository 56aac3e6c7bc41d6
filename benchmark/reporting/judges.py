"""Which recognisers may judge a method, how strong they are, and how methods rank before all of them together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.reporting.formatting import missing, percent
from benchmark.reporting.formatting import target as target_text
from benchmark.reporting.results_index import Entry, Panel, ResultsIndex
from benchmark.verification.base import MetricRow

STRONG_TARGET = 1e-3
"""The false match rate at which a judge's strength is measured."""
STRONG_GFRR = 0.01
"""A strong judge rejects at most this share of mated comparisons without a mask."""


@dataclass(frozen=True)
class Strength:
    """How good a recogniser is without a mask, in this run.

    Attributes:
        strong: its raw-raw GFRR at `STRONG_TARGET` is at most `STRONG_GFRR`.
        text: the same in words, with the figure.
    """

    strong: bool
    text: str


@dataclass(frozen=True)
class Standing:
    """A method before the judges that never saw it.

    Attributes:
        entry: the method.
        rows: matched recovery before each of them that could measure it.
        strong: those of `rows` whose judge is strong.
        seen: recognisers that it saw in training.
    """

    entry: Entry
    rows: tuple[tuple[Panel, MetricRow], ...]
    strong: tuple[tuple[Panel, MetricRow], ...]
    seen: tuple[str, ...]

    @property
    def decisive(self) -> tuple[tuple[Panel, MetricRow], ...]:
        """The strong judges alone, where there are some."""
        return self.strong or self.rows

    @property
    def mean(self) -> float | None:
        """Mean recovery before the decisive judges."""
        values = [row.value for _, row in self.decisive if row.value is not None]
        return sum(values) / len(values) if values else None

    @property
    def judges(self) -> int:
        """Recognisers that judge it."""
        return len({panel.recogniser for panel, _ in self.rows})


def raw_rejection(index: ResultsIndex, panel: Panel, target: float) -> float | None:
    """GFRR without a mask; its matched threshold is the frozen one."""
    matched = index.value(panel, "gfrr", condition="raw-raw", kind="matched", target=target)
    return index.value(panel, "gfrr", condition="raw-raw", kind="frozen", target=target) if matched is None else matched


def strength(index: ResultsIndex, panel: Panel) -> Strength:
    """Whether the panel's recogniser is a strong judge."""
    target = next((one for one in index.targets if math.isclose(one, STRONG_TARGET, rel_tol=1e-9)), None)
    rejected = None if target is None else raw_rejection(index, panel, target)
    at = f"at FMR {target_text(STRONG_TARGET)}"
    if rejected is None:
        return Strength(False, f"weak judge: its GFRR {at} could not be measured in this run")
    said = f"without a mask it rejects {percent(rejected)} of mated comparisons {at}"
    if rejected <= STRONG_GFRR:
        return Strength(True, f"strong judge: {said}")
    return Strength(False, f"weak judge: {said}; a strong one rejects at most {percent(STRONG_GFRR, 0)}")


def judges_in_order(index: ResultsIndex) -> list[Panel]:
    """The panels, strong judges first."""
    return sorted(index.panels, key=lambda panel: (not strength(index, panel).strong, panel))


def recogniser_count(index: ResultsIndex) -> int:
    """How many recognisers the run has."""
    return len({panel.recogniser for panel in index.panels})


def standings(index: ResultsIndex, target: float, entries: Sequence[Entry]) -> list[Standing]:
    """The methods that an unseen judge could measure: those that a strong one judged first, the most recovered first.

    Args:
        index: the run's rows.
        target: FMR.
        entries: methods that may be set against each other.
    """
    strong = {panel for panel in index.panels if strength(index, panel).strong}
    found = []
    for entry in entries:
        rows = []
        for panel in judges_in_order(index):
            row = index.find(panel, "recovery", condition="raw-restored", entry=entry, kind="matched", target=target)
            if row is not None and not missing(row.value) and index.may_be_judged(entry, panel.recogniser):
                rows.append((panel, row))
        seen = {panel.recogniser for panel in index.panels if not index.may_be_judged(entry, panel.recogniser)}
        if rows:
            by_strong = tuple(pair for pair in rows if pair[0] in strong)
            found.append(Standing(entry, tuple(rows), by_strong, tuple(sorted(seen))))
    return sorted(found, key=lambda one: (not one.strong, -(one.mean or 0.0), one.entry))


def certain(row: MetricRow | None) -> bool:
    """Whether the whole interval is above 0."""
    return row is not None and row.ci_low is not None and row.ci_low > 0


def fails_before_a_strong_judge(index: ResultsIndex, panel: Panel, entry: Entry, target: float) -> str | None:
    """What a strong judge of the same setting says of a method that helps the weak one of `panel`; None if nothing bad.

    The same setting means the same data set, protocol, acquisition arm and size.
    """
    if strength(index, panel).strong:
        return None
    for standing in standings(index, target, [entry]):
        for other, row in standing.strong:
            same = (other.dataset, other.protocol, other.acquisition, other.size)
            if same == (panel.dataset, panel.protocol, panel.acquisition, panel.size) and not certain(row):
                harms = row.ci_high is not None and row.ci_high < 0
                verb = "harms" if harms else "does not reliably help"
                said = f"{index.label(entry)} {verb} the strong judge {other.recogniser}"
                return f"{said} ({percent(row.value, 0)}): not a finding."
    return None
