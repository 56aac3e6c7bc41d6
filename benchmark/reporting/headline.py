"""The answer in words: what the mask took, and what the best method won back, with what certainty."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.faces import REAL_MASK
from benchmark.reporting.formatting import THIN_SPACE, interval, listed, missing, number, percent, plural, times
from benchmark.reporting.formatting import target as target_text
from benchmark.reporting.results_index import FLAGGED_RATIO, Entry, Panel, ResultsIndex, panel_title
from benchmark.verification.base import MetricRow


@dataclass(frozen=True)
class Verdict:
    """What one recogniser says at one target.

    Attributes:
        panel: the recogniser and its setting.
        title: as shown.
        finding: what the mask took and the best method won back, in words.
        remarks: what else must be known before acting on it.
        raw: GFRR without a mask, matched threshold; None where it was not measured.
        masked: GFRR with the mask on.
        restored: GFRR after the best method; None where there is none to name.
        best: that method.
        best_label: its name as shown.
        recovery: its row.
        certain: the recovery's interval lies above 0, so that there is a win to announce.
    """

    panel: Panel
    title: str
    finding: str
    remarks: tuple[str, ...]
    raw: float | None
    masked: float | None
    restored: float | None = None
    best: Entry | None = None
    best_label: str = ""
    recovery: MetricRow | None = None
    certain: bool = False


@dataclass(frozen=True)
class Headline:
    """The top of the report.

    Attributes:
        title: the finding in one line.
        verdicts: one a panel.
        caveats: what stops a reader from believing too much.
    """

    title: str
    verdicts: tuple[Verdict, ...]
    caveats: tuple[str, ...]


def headline(index: ResultsIndex, target: float | None, *, synthetic: bool) -> Headline:
    """The finding at one target FMR.

    Methods rank by matched recovery, on recognisers they never saw, privileged ones left out. On synthetic people no
    recovery is claimed.
    """
    if not index.panels:
        return Headline("No comparison could be measured", (), ())
    if target is None:
        why = "No target false match rate could be carried; the notes say why. What needs no threshold stands below."
        return Headline("Too few comparisons to set a threshold", (), (why,))
    verdicts = tuple(_verdict(index, panel, target, claim=not synthetic) for panel in index.panels)
    caveats = [*_partial_judges(index)]
    if synthetic:
        caveats.insert(
            0,
            "Synthetic people show that the pipeline works; they cannot show how much of a real face a method wins "
            "back. The recovery figures below claim nothing about real people.",
        )
    return Headline(_title(index, verdicts, synthetic=synthetic), verdicts, tuple(caveats))


def ranked(index: ResultsIndex, panel: Panel, target: float, metric: str = "recovery") -> list[tuple[Entry, MetricRow]]:
    """Methods that may be ranked on `panel` (fair judge, not privileged), the highest matched `metric` first."""
    rows = [
        (entry, index.find(panel, metric, condition="raw-restored", entry=entry, kind="matched", target=target))
        for entry in index.entries_of(panel)
        if not index.privileged(entry) and not index.saw(entry, panel.recogniser)
    ]
    found = [(entry, row) for entry, row in rows if row is not None and not missing(row.value)]
    return sorted(found, key=lambda pair: -(pair[1].value or 0.0))


def _verdict(index: ResultsIndex, panel: Panel, target: float, *, claim: bool) -> Verdict:
    raw = index.value(panel, "gfrr", condition="raw-raw", kind="matched", target=target)
    if raw is None:
        raw = index.value(panel, "gfrr", condition="raw-raw", kind="frozen", target=target)
    masked = index.value(panel, "gfrr", condition="raw-masked", kind="matched", target=target)
    title = panel_title(index, panel)
    cost = _cost(panel.recogniser, raw, masked, target)
    if not claim:
        return Verdict(panel, title, cost, (), raw, masked)
    entries = index.entries_of(panel)
    ranking = ranked(index, panel, target)
    if not entries:
        return Verdict(panel, title, f"{cost} No method was run.", (), raw, masked)
    if not ranking:
        gains = ranked(index, panel, target, "gain") if index.mask_types == [REAL_MASK] else []
        instead = _gained(index, *gains[0]) if gains else _why_no_ranking(index, panel, entries)
        return Verdict(panel, title, f"{cost} {instead}", (), raw, masked)
    best, recovery = ranking[0]
    restored = index.value(panel, "gfrr", condition="raw-restored", entry=best, kind="matched", target=target)
    remarks = _beside(index, panel, best, target)
    rivals = [index.label(entry) for entry, row in ranking[1:] if _reaches(row, recovery)]
    if rivals and _certain(recovery):
        remarks.append(f"Its interval overlaps with {_some(rivals)}.")
    finding = f"{cost} {_won_back(index, best, recovery)}"
    return Verdict(
        panel,
        title,
        finding,
        tuple(remarks),
        raw,
        masked,
        restored,
        best,
        index.label(best),
        recovery,
        _certain(recovery),
    )


def _cost(recogniser: str, raw: float | None, masked: float | None, target: float) -> str:
    if raw is None or masked is None:
        return f"What the mask costs {recogniser} was not measured in this run."
    return (
        f"At a false match rate of {target_text(target)}, {recogniser} wrongly rejects {percent(raw)} of genuine "
        f"comparisons without a mask and {percent(masked)} with one."
    )


def _won_back(index: ResultsIndex, best: Entry, recovery: MetricRow) -> str:
    label = index.label(best)
    within = interval(recovery.ci_low, recovery.ci_high, scale=100, decimals=0)
    shown = f"{percent(recovery.value, 0)} of that loss" + (f" (95\u202f% interval {within})" if within else "")
    if recovery.value is not None and recovery.value <= 0:
        return f"No method wins any of it back: the best of them, {label}, reaches {shown}."
    if recovery.ci_low is None or missing(recovery.ci_low):
        return f"{label} does best: it wins back {shown}, without an interval to say how certain that is."
    if recovery.ci_low <= 0:
        return f"No method reliably wins any of it back: the best of them, {label}, reaches {shown}."
    return f"{label} does best: it wins back {shown}."


def _gained(index: ResultsIndex, best: Entry, gain: MetricRow) -> str:
    """What stands for recovery where masks were really worn, and nobody knows what each of them took."""
    label = index.label(best)
    within = interval(gain.ci_low, gain.ci_high, scale=100, decimals=1)
    shown = f"{number((gain.value or 0.0) * 100, 1)} percentage points"
    shown += f" (95\u202f% interval {within})" if within else ""
    if not _certain(gain):
        return f"No method reliably rejects fewer of them than the mask left on: the best, {label}, saves {shown}."
    return f"{label} does best: on the same comparisons it saves {shown} of these rejections."


def _beside(index: ResultsIndex, panel: Panel, best: Entry, target: float) -> list[str]:
    """What the best method costs when nothing is re-tuned."""
    sentences = []
    realised = index.value(panel, "fmr", condition="raw-restored", entry=best, kind="frozen", target=target)
    if realised is not None and realised > FLAGGED_RATIO * target:
        sentences.append(
            f"At the threshold set on raw faces its false match rate rises to {times(realised / target)} the target: "
            "it needs a threshold of its own."
        )
    harm = index.find(panel, "harm", condition="raw-passthrough", entry=best, kind="frozen", target=target)
    if harm is not None and harm.value is not None and harm.ci_low is not None and harm.ci_low > 0:
        sentences.append(
            f"People without a mask pay for it: {percent(harm.value, 1)} more of their comparisons are rejected."
        )
    return sentences


def _why_no_ranking(index: ResultsIndex, panel: Panel, entries: list[Entry]) -> str:
    fair = [entry for entry in entries if not index.privileged(entry)]
    if not fair:
        return "Every method of this run is privileged: there is none to recommend."
    if all(index.saw(entry, panel.recogniser) for entry in fair):
        return f"No independent judge: every method saw {panel.recogniser} in training."
    return "No method's recovery could be measured here."


def _partial_judges(index: ResultsIndex) -> list[str]:
    """One sentence for all methods that saw the same recognisers."""
    recognisers = sorted({panel.recogniser for panel in index.panels})
    saw: dict[tuple[str, ...], list[str]] = {}
    for entry in index.entries:
        seen = tuple(recogniser for recogniser in recognisers if index.saw(entry, recogniser))
        if seen:
            saw.setdefault(seen, []).append(index.label(entry))
    caveats = []
    for seen, labels in saw.items():
        said = f"{listed(labels)} saw {listed(list(seen))} in training"
        are, them, they = ("is", "it", "it is") if len(labels) == 1 else ("are", "them", "they are")
        if len(seen) == len(recognisers):
            caveats.append(
                f"{said}: this run holds no independent judge of {them}, and {they} left out of every ranking."
            )
        else:
            caveats.append(f"{said} and {are} not ranked there.")
    return caveats


def _title(index: ResultsIndex, verdicts: tuple[Verdict, ...], *, synthetic: bool) -> str:
    methods = len(index.entries)
    if synthetic:
        counted = f"{plural(methods, 'method')} measured" if methods else "the cost of a mask measured"
        return f"The pipeline works: {counted} on synthetic people"
    named = [verdict for verdict in verdicts if verdict.recovery is not None]
    if not named:
        return f"What a mask costs {listed(sorted({verdict.panel.recogniser for verdict in verdicts}))}"
    won = [verdict for verdict in named if _certain(verdict.recovery)]
    if not won:
        return "No method reliably wins back what a mask takes"
    values = [verdict.recovery.value or 0.0 for verdict in won if verdict.recovery is not None]
    low, high = percent(min(values), 0), percent(max(values), 0)
    # no-break spaces keep the figures on one line of the heading
    span = high if low == high else f"{low.removesuffix(THIN_SPACE + '%')}\u00a0to\u00a0{high}"
    finding = f"The best method wins back {span} of what a mask takes"
    if len(won) == len(named):
        return finding
    if len(named) == 2:
        lost = next(verdict for verdict in named if verdict not in won)
        return f"{finding} from {won[0].title}; none reliably does from {lost.title}"
    return f"{finding}, in {len(won)} of {len(named)} tables; in the others none reliably does"


def _certain(row: MetricRow | None) -> bool:
    return row is not None and row.ci_low is not None and row.ci_low > 0


def _reaches(row: MetricRow, best: MetricRow) -> bool:
    return row.ci_high is not None and best.ci_low is not None and row.ci_high >= best.ci_low


def _some(names: list[str], most: int = 3) -> str:
    if len(names) <= most:
        return f"{'that' if len(names) == 1 else 'those'} of {listed(names)}"
    return f"those of {', '.join(names[:most])} and {len(names) - most} more"
