"""Finds values among a run's metric rows, and says which methods, recognisers and targets the run has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from benchmark.cards import Card, MethodCard
from benchmark.reporting.formatting import missing
from benchmark.verification.base import Cell, MetricRow
from benchmark.verification.measurement import Note
from benchmark.verification.metric_description import MetricDescription, undescribed
from benchmark.verification.thresholds import TargetSupport, support_of

NO_METHOD = "none"
_REASONS = ("refused", "withheld", "undefined", "failed")
NATIVE = "native"
_NO_RECOGNISER = ("", "none", "all")
FLAGGED_RATIO = 2.0
"""A realised FMR beyond this many times the target is flagged (docs/statistics.md)."""


@dataclass(frozen=True, order=True)
class Panel:
    """One recogniser in one setting: what is in one table.

    The fields are those of `Cell` that every row of the table shares.
    """

    dataset: str
    protocol: str
    acquisition: str
    size: str
    recogniser: str


@dataclass(frozen=True, order=True)
class Entry:
    """A method as it was run: the same method with another preset or mask source is another entry."""

    method: str
    preset: str
    train_data: str
    mask_source: str


MethodKind = Literal["privileged", "adapter", "baseline", "completer", "blind"]
"""Given what a deployed system lacks; fitted to a recogniser or its templates; what anybody could do without a method;
finds the mask and fills the hole; changes the whole face without looking for the mask."""


class ResultsIndex:
    """The metric rows of a run by key.

    Args:
        rows: of ``metrics.csv``.
        cards: by plugin name.
        notes: of the measuring step; they say why a value is missing.
        metrics: descriptions, by the name in the column ``metric``.
    """

    def __init__(
        self,
        rows: Iterable[MetricRow],
        cards: Mapping[str, Card],
        notes: Iterable[Note | str] = (),
        metrics: Mapping[str, MetricDescription] | None = None,
    ) -> None:
        self.rows = list(rows)
        self._metrics = dict(metrics or {})
        self._reasons: dict[tuple[object, ...], list[Note]] = {}
        for note in notes:
            if isinstance(note, Note) and note.kind in _REASONS:
                for cell in note.cells:
                    key = (panel_of(cell), _method_of(cell), cell.condition, note.mask_type)
                    self._reasons.setdefault(key, []).append(note)
        self._cards = cards
        self._found: dict[tuple[object, ...], MetricRow] = {_key(row): row for row in self.rows}
        judged = [row for row in self.rows if row.condition == "raw-raw" and not _agnostic(row.recogniser)]
        judged = judged or [row for row in self.rows if not _agnostic(row.recogniser)]
        self.panels: list[Panel] = sorted({panel_of(row) for row in judged if row.size != NATIVE})
        # a detector has rows of its own, and is no method: no recogniser judges it
        methods = [row for row in self.rows if row.method != NO_METHOD]
        methods = [row for row in methods if not _agnostic(row.recogniser)] or methods
        self.entries: list[Entry] = sorted({entry_of(row) for row in methods})
        self.mask_types: list[str] = sorted({row.mask_type for row in self.rows} - {"all", ""})
        self.targets: list[float] = sorted(
            {row.target for row in self.rows if row.target is not None and not missing(row.target)}, reverse=True
        )

    def describe(self, metric: str) -> MetricDescription:
        """What the run's manifest says of a metric."""
        return self._metrics.get(metric) or undescribed(metric)

    def find(
        self,
        panel: Panel,
        metric: str,
        *,
        condition: str,
        entry: Entry | None = None,
        kind: str = "none",
        target: float | None = None,
        mask_type: str = "all",
    ) -> MetricRow | None:
        """The row, or None where the run has none. `entry` None means no method (raw and masked rows).

        An image metric belongs to no recogniser: where the panel's own has no row, one without recogniser is taken.
        """
        for recogniser in (panel.recogniser, *_NO_RECOGNISER):
            at = replace(panel, recogniser=recogniser)
            found = self._found.get((at, entry, condition, mask_type, metric, kind, target))
            if found is not None:
                return found
        return None

    def value(self, panel: Panel, metric: str, **key: object) -> float | None:
        """The value of `find`, None where it is missing."""
        row = self.find(panel, metric, **key)  # type: ignore[arg-type]
        return None if row is None or missing(row.value) else row.value

    def why_missing(
        self,
        panel: Panel,
        metric: str,
        *,
        condition: str,
        entry: Entry | None = None,
        target: float | None = None,
        mask_type: str = "all",
    ) -> str | None:
        """What the measuring step noted about a value that is not there; None where it noted nothing.

        Recognisers are looked at as by `find`.
        """
        for recogniser in (panel.recogniser, *_NO_RECOGNISER):
            at = replace(panel, recogniser=recogniser)
            for note in self._reasons.get((at, entry, condition, mask_type), []):
                if note.metric in (metric, "") and note.target in (target, None):
                    return note.text
        return None

    def entries_of(self, panel: Panel) -> list[Entry]:
        """The methods that were judged in `panel`."""
        return sorted({entry_of(row) for row in self.rows if row.method != NO_METHOD and panel_of(row) == panel})

    def support(self, target: float, panel: Panel) -> TargetSupport | None:
        """Whether the panel's raw non-mated comparisons carry `target`; None where there are none."""
        for metric, kind in (("gfrr", "frozen"), ("fmr", "frozen"), ("gfrr", "matched")):
            row = self.find(panel, metric, condition="raw-raw", kind=kind, target=target)
            if row is not None:
                return support_of(target, row.n_nonmated)
        return None

    def main_target(self) -> float | None:
        """The strictest target that every panel carries (rule of 30); else the loosest."""
        for target in sorted(self.targets):
            found = [self.support(target, panel) for panel in self.panels]
            if any(found) and all(support is None or support.verdict == "carried" for support in found):
                return target
        return self.targets[0] if self.targets else None

    def label(self, entry: Entry) -> str:
        """The method as it was asked for, ``name`` or ``name:preset``, with what tells it from its namesakes in this
        run."""
        asked = self.asked_for(entry)
        namesakes = [other for other in self.entries if self.asked_for(other) == asked]
        parts = [
            getattr(entry, name)
            for name in ("preset", "train_data", "mask_source")
            if len({getattr(other, name) for other in namesakes}) > 1
        ]
        return f"{asked} ({', '.join(parts)})" if parts else asked

    def asked_for(self, entry: Entry) -> str:
        """The method as it was asked for: ``name``, or ``name:preset`` where that is not its default one."""
        return name_asked_for(entry.method, entry.preset, self._cards)

    def cards_of(self, entry: Entry) -> Sequence[Card]:
        """The method's card, of its preset where that is not the default; of a detect-and-fill chain ``a+b`` without
        a card those of its halves."""
        for name in (name_asked_for(entry.method, entry.preset, self._cards), entry.method):
            if name in self._cards:
                return [self._cards[name]]
        return [self._cards[part] for part in entry.method.split("+") if part in self._cards]

    def privileged(self, entry: Entry) -> bool:
        """Whether the method was given what a deployed system lacks."""
        return entry.mask_source == "true" or any(
            isinstance(card, MethodCard) and card.privileged for card in self.cards_of(entry)
        )

    def baseline(self, entry: Entry) -> bool:
        """Whether the method is what anybody could do without one."""
        return any(isinstance(card, MethodCard) and card.baseline for card in self.cards_of(entry))

    def fitted(self, entry: Entry) -> bool:
        """Whether the method changes the recogniser or its templates, so that every judge of it has been seen."""
        return any(isinstance(card, MethodCard) and card.fitted_to_recogniser for card in self.cards_of(entry))

    def may_know_tested(self, entry: Entry) -> bool:
        """Whether it is not known if the people tested are among those that the method learned from."""
        return any(isinstance(card, MethodCard) and card.may_know_tested for card in self.cards_of(entry))

    def kind(self, entry: Entry) -> MethodKind:
        """What a reader filters by: the first of `MethodKind` that holds."""
        if self.privileged(entry):
            return "privileged"
        if self.fitted(entry):
            return "adapter"
        if self.baseline(entry):
            return "baseline"
        return "completer" if entry.mask_source == "detected" else "blind"

    def learned(self, entry: Entry) -> bool:
        """Whether the method itself learned from its training data, and not its detector alone."""
        cards = [card for card in self.cards_of(entry) if isinstance(card, MethodCard)]
        return entry.mask_source != "detected" or not cards or any(card.learns for card in cards)

    def failed_everywhere(self, entry: Entry) -> bool:
        """Whether no recogniser got a single template out of the method, though the masked faces gave some."""
        lost = [self.value(panel, "fta", condition="raw-restored", entry=entry) for panel in self.panels]
        masked = [self.value(panel, "fta", condition="raw-masked") for panel in self.panels]
        return bool(lost) and all(value == 1 for value in lost) and any(value not in (None, 1) for value in masked)

    def saw(self, entry: Entry, recogniser: str) -> bool:
        """Whether the method saw `recogniser` in training, so that it is no fair judge."""
        return any(recogniser in card.saw_recognisers for card in self.cards_of(entry))

    def may_be_judged(self, entry: Entry, recogniser: str) -> bool:
        """Whether `recogniser` counts in a ranking of the method: one that it never saw, or, where it is fitted to each
        recogniser and stands among its like alone, any."""
        return self.fitted(entry) or not self.saw(entry, recogniser)

    def several_settings(self) -> bool:
        """Whether the run has more than one data set, protocol, acquisition arm or size."""
        return len({replace(panel, recogniser="") for panel in self.panels}) > 1


def name_asked_for(method: str, preset: str, cards: Mapping[str, Card]) -> str:
    """What names the method in ``--methods``: a preset has a card of its own where it is not the default one.

    >>> name_asked_for("glcic", "thesis", {"glcic:thesis": MethodCard()})
    'glcic:thesis'
    >>> name_asked_for("glcic", "tuned", {"glcic": MethodCard()})
    'glcic'
    """
    asked = f"{method}:{preset}"
    return asked if asked in cards else method


def panel_title(index: ResultsIndex, panel: Panel) -> str:
    """The recogniser, with those parts of the setting of which the run has several."""
    parts = {name: getattr(panel, name) for name in ("dataset", "protocol", "acquisition", "size")}
    parts["size"] = f"{panel.size} px" if panel.size.isdigit() else panel.size
    several = [text for name, text in parts.items() if len({getattr(other, name) for other in index.panels}) > 1]
    return " · ".join([panel.recogniser, *several])


def panel_parts(index: ResultsIndex, panel: Panel) -> tuple[str, ...]:
    """What tells the files of one panel from another's: the recogniser, and the setting where there are several."""
    if not index.several_settings():
        return (panel.recogniser,)
    return (panel.recogniser, panel.dataset, panel.protocol, panel.acquisition, panel.size)


def _agnostic(recogniser: str) -> bool:
    return recogniser in _NO_RECOGNISER


def panel_of(row: MetricRow | Cell) -> Panel:
    """The panel of a metric row or of a cell."""
    return Panel(row.dataset, row.protocol, row.acquisition, row.size, row.recogniser)


def entry_of(row: MetricRow | Cell) -> Entry:
    """The method of a metric row or of a cell, as it was run."""
    return Entry(row.method, row.preset, row.train_data, row.mask_source)


def _method_of(row: MetricRow | Cell) -> Entry | None:
    return None if row.method == NO_METHOD else entry_of(row)


def _key(row: MetricRow) -> tuple[object, ...]:
    at = (row.condition, row.mask_type, row.metric, row.threshold_kind, row.target)
    return (panel_of(row), _method_of(row), *at)
