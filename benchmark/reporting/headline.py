"""The answer in words: what the mask costs, and what the best method wins back, how certainly, and by which judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.reporting.formatting import THIN_SPACE, listed, percent, plural
from benchmark.reporting.formatting import target as target_text
from benchmark.reporting.judges import (
    STRONG_GFRR,
    STRONG_TARGET,
    Standing,
    certain,
    judges_in_order,
    recogniser_count,
    standings,
    strength,
)
from benchmark.reporting.results_index import Panel, ResultsIndex
from benchmark.reporting.verdict import Verdict, baselines_of, masks_measured, restorations_of, verdict_of
from benchmark.verification.base import MetricRow
from benchmark.verification.difference import Difference


@dataclass(frozen=True)
class Headline:
    """The top of the report.

    Attributes:
        title: the finding in one line.
        verdicts: one per panel, strong judges first.
        caveats: the limits of the finding.
    """

    title: str
    verdicts: tuple[Verdict, ...]
    caveats: tuple[str, ...]


def failed_plugins(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """The plugins that failed during the run, one sentence each: their cells are missing from every table."""
    failed: dict[tuple[str, str], str] = {}
    for one in manifest.get("failed_plugins", ()):
        failed.setdefault((one["kind"], one["name"]), one["reason"])
    return tuple(f"The {kind} {name} failed: {reason}." for (kind, name), reason in failed.items())


def headline(
    index: ResultsIndex,
    target: float | None,
    *,
    synthetic: bool,
    failed_in_run: tuple[str, ...] = (),
    differences: Sequence[Difference] = (),
) -> Headline:
    """The finding at one target FMR; `failed_in_run` says who failed during the run, `differences` has its tests.

    A restoration is named only by judges that never saw it; where a strong judge is among them, the strong ones alone
    decide. That the best was chosen on the same people is said beside it, with what holds in spite of that
    (`chosen_best`). Privileged methods lead no headline; those fitted to a recogniser are named where no other wins
    anything back. On synthetic people no recovery is claimed. A method that failed on every image comes before any
    finding.
    """
    if not index.panels:
        return Headline("No comparison could be measured", (), failed_in_run)
    verdicts = tuple(
        verdict_of(index, panel, target, claim=not synthetic, differences=differences)
        for panel in judges_in_order(index)
    )
    failed = [index.label(entry) for entry in index.entries if index.failed_everywhere(entry)]
    caveats = [*failed_in_run]
    if synthetic:
        caveats.append(
            "Synthetic people show that the pipeline works; they cannot show how much of a real face a method wins "
            "back. The recovery figures below claim nothing about real people."
        )
    if target is None:
        caveats.append(
            "No threshold could be set for any target false match rate; the notes say why. AUC and equal error rate, "
            "which need no threshold, are below, and so is the smallest target that these comparisons support."
        )
    elif not synthetic and index.entries and not any(strength(index, panel).strong for panel in index.panels):
        caveats.append(
            f"No recogniser of this run is a strong judge (at most {percent(STRONG_GFRR, 0)} of mated comparisons "
            f"rejected without a mask at FMR {target_text(STRONG_TARGET)}): what helps only weak judges may harm a "
            "strong one, so it is not a finding."
        )
    caveats += [*_partial_judges(index), *_doubtful_training(index)]
    if failed:
        title = f"{listed(failed)} failed on every image"
    elif target is None:
        title = "Too few comparisons to set a threshold"
    elif synthetic:
        counted = f"{plural(len(index.entries), 'method')} measured" if index.entries else _without_methods(index)
        title = f"The pipeline works: {counted} on synthetic people"
    else:
        title = _finding(index, target)
    return Headline(title, verdicts, tuple(caveats))


def _without_methods(index: ResultsIndex) -> str:
    return "the cost of a mask measured" if masks_measured(index) else "bare faces compared"


def _finding(index: ResultsIndex, target: float) -> str:
    """The best restoration against the best baseline, before the judges that decide."""
    restorations = standings(index, target, restorations_of(index, index.entries))
    baselines = standings(index, target, baselines_of(index, index.entries))
    if not restorations and not baselines:
        if not masks_measured(index):
            return f"How {listed(sorted({panel.recogniser for panel in index.panels}))} does without masks"
        return f"What a mask costs {listed(sorted({panel.recogniser for panel in index.panels}))}"
    lead = (restorations or baselines)[0]
    if not _wins(lead):
        other = restorations and baselines and _wins(baselines[0])
        fitted = standings(index, target, [entry for entry in index.entries if index.fitted(entry)])
        if not other and fitted and _wins(fitted[0]):
            named = f"{index.label(fitted[0].entry)}, {_span(fitted[0])}"
            said = f"Only a method fitted to the recogniser wins back what a mask takes: {named}"
            return said + (" from a strong judge" if fitted[0].strong else "")
        said = "No restoration" if other else "No method"
        strong = " from a strong judge" if lead.strong and any(certain(row) for _, row in lead.rows) else ""
        return f"{said} reliably wins back what a mask takes{strong}{_against(index, baselines) if other else ''}"
    name = index.label(lead.entry) if restorations else f"The best baseline, {index.label(lead.entry)},"
    span, judges = _span(lead), recogniser_count(index)
    if judges == 1:
        before = f" from {lead.rows[0][0].recogniser}" + ("" if lead.strong else ", a weak judge")
    else:
        won = len({panel.recogniser for panel, _ in _wins(lead)})
        before = f", as judged by {won} of {judges} recognisers" + (
            f" ({len({panel.recogniser for panel, _ in lead.strong})} strong)"
            if lead.strong
            else ", none of them strong"
        )
    return f"{name} wins back {span} of what a mask takes{before}{_against(index, baselines) if restorations else ''}"


def _against(index: ResultsIndex, baselines: list[Standing]) -> str:
    if not baselines:
        return ""
    best = baselines[0]
    if not _wins(best):
        return "; no baseline reliably does"
    return f"; the best baseline, {index.label(best.entry)}, {_span(best)}"


def _wins(standing: Standing) -> list[tuple[Panel, MetricRow]]:
    """The judges that decide and before which the gain is certain."""
    return [(panel, row) for panel, row in standing.decisive if certain(row)]


def _span(standing: Standing) -> str:
    """From the least to the most that is won back with certainty; no-break spaces keep the figures on one line."""
    values = [row.value or 0.0 for _, row in _wins(standing)]
    low, high = percent(min(values), 0), percent(max(values), 0)
    return high if low == high else f"{low.removesuffix(THIN_SPACE + '%')}\u00a0to\u00a0{high}"


def _doubtful_training(index: ResultsIndex) -> list[str]:
    """One sentence for all methods that may have learned from the people who are tested."""
    labels = [index.label(entry) for entry in index.entries if index.may_know_tested(entry)]
    if not labels:
        return []
    they = "it wins" if len(labels) == 1 else "they win"
    return [
        f"It is not known whether the people tested here are among those that {listed(labels)} learned from; if so, "
        f"what {they} back is flattered."
    ]


def _partial_judges(index: ResultsIndex) -> list[str]:
    """One sentence for all methods that saw the same recognisers; those fitted to each have a ranking of their own."""
    recognisers = sorted({panel.recogniser for panel in index.panels})
    saw: dict[tuple[str, ...], list[str]] = {}
    for entry in index.entries:
        seen = tuple(recogniser for recogniser in recognisers if not index.may_be_judged(entry, recogniser))
        if seen:
            saw.setdefault(seen, []).append(index.label(entry))
    caveats = []
    for seen, labels in saw.items():
        said = f"{listed(labels)} saw {listed(list(seen))} in training"
        are, them, they = ("is", "it", "it is") if len(labels) == 1 else ("are", "them", "they are")
        if len(seen) == len(recognisers):
            caveats.append(f"{said}: this run has no independent judge of {them}, so {they} left out of every ranking.")
        else:
            by = "that recogniser" if len(seen) == 1 else "those recognisers"
            caveats.append(f"{said} and {are} not ranked by {by}.")
    return caveats
