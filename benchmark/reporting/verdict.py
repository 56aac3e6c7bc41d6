"""What one recogniser says: what the mask took, what the best restoration and the best baseline won back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.faces import REAL_MASK
from benchmark.reporting.chosen_best import chosen_among, corrected_claim
from benchmark.reporting.formatting import THIN_SPACE, interval, missing, number, percent, times
from benchmark.reporting.formatting import target as target_text
from benchmark.reporting.judges import (
    Strength,
    certain,
    fails_before_a_strong_judge,
    raw_rejection,
    strength,
)
from benchmark.reporting.results_index import FLAGGED_RATIO, Entry, Panel, ResultsIndex, panel_title
from benchmark.verification.base import MetricRow
from benchmark.verification.difference import Difference
from benchmark.verification.thresholds import FLAGGED_BELOW, least_target

Ranked = list[tuple[Entry, MetricRow]]


@dataclass(frozen=True)
class Segment:
    """One part of the bar, of all mated comparisons: `kind` chooses its colour, `text` is its line in the key."""

    kind: str
    width: float
    text: str
    value: str


@dataclass(frozen=True)
class Verdict:
    """What one recogniser says at one target.

    Attributes:
        panel: the recogniser and its setting.
        title: as shown.
        strength: the strength of the recogniser as a judge.
        finding: what the mask took, and what the best restoration and the best baseline won back, in words.
        remarks: what else must be known before acting on it.
        raw: GFRR without a mask, matched threshold; None where it was not measured.
        masked: GFRR with the mask on.
        bar: what becomes of all mated comparisons; empty where it was not measured.
        best: the best restoration, or where there is none the best baseline; None where there is none to name.
        best_label: its name as shown.
        recovery: its row.
        certain: the recovery's interval is above 0 and no strong judge contradicts, so that there is a win to
            announce.
    """

    panel: Panel
    title: str
    strength: Strength
    finding: str
    remarks: tuple[str, ...] = ()
    raw: float | None = None
    masked: float | None = None
    bar: tuple[Segment, ...] = ()
    best: Entry | None = None
    best_label: str = ""
    recovery: MetricRow | None = None
    certain: bool = False


def verdict_of(
    index: ResultsIndex,
    panel: Panel,
    target: float | None,
    *,
    claim: bool,
    differences: Sequence[Difference] = (),
) -> Verdict:
    """The verdict of one recogniser.

    Args:
        index: the run's rows.
        panel: the recogniser and its setting.
        target: FMR; None where none can be carried.
        claim: whether methods are named at all: synthetic people carry no claim.
        differences: of the run: what its tests say of the method that is named.
    """
    title, judge = panel_title(index, panel), strength(index, panel)
    if target is None:
        return Verdict(panel, title, judge, _without_threshold(index, panel, target))
    raw = raw_rejection(index, panel, target)
    masked = index.value(panel, "gfrr", condition="raw-masked", kind="matched", target=target)
    cost = _cost(index, panel, raw, masked, target)
    plain = Verdict(panel, title, judge, cost, (), raw, masked, _bar(raw, masked))
    if not claim:
        return plain
    entries = index.entries_of(panel)
    finding, remarks = [cost], []
    restorations = ranked(index, panel, target, restorations_of(index, entries))
    baselines = ranked(index, panel, target, baselines_of(index, entries))
    fitted = ranked(index, panel, target, [one for one in entries if index.fitted(one)])
    ranking = restorations or baselines
    if not ranking:
        finding.append(_instead(index, panel, target, entries))
        return Verdict(panel, title, judge, " ".join(finding).strip(), _fitted(index, fitted), raw, masked, plain.bar)
    best, recovery = ranking[0]
    kind = "restoration" if restorations else "baseline"
    finding.append(_won_back(index, ranking[0], kind))
    if restorations and baselines:
        finding.append(f"The best baseline, {_reached(index, baselines[0])}.")
    contradicted = fails_before_a_strong_judge(index, panel, best, target)
    if contradicted and certain(recovery):
        finding.append(contradicted)
    label = index.label(best)
    remarks += [chosen_among(label, len(ranking), kind), corrected_claim(label, best, panel, differences)]
    remarks += [*_if_not_retuned(index, panel, best, target), *_fitted(index, fitted)]
    restored = index.value(panel, "gfrr", condition="raw-restored", entry=best, kind="matched", target=target)
    wins = certain(recovery) and not contradicted
    return Verdict(
        panel,
        title,
        judge,
        " ".join(finding),
        tuple(filter(None, remarks)),
        raw,
        masked,
        _bar(raw, masked, restored if wins else None, index.label(best)),
        best,
        index.label(best),
        recovery,
        wins,
    )


def masks_measured(index: ResultsIndex) -> bool:
    """Whether the run has any masked face, and not raw-raw alone."""
    return any(row.condition != "raw-raw" for row in index.rows)


def restorations_of(index: ResultsIndex, entries: Sequence[Entry]) -> list[Entry]:
    """Methods that restore a face for any recogniser: what a headline may be about."""
    return [one for one in entries if not (index.privileged(one) or index.fitted(one) or index.baseline(one))]


def baselines_of(index: ResultsIndex, entries: Sequence[Entry]) -> list[Entry]:
    """Methods that anybody could use instead."""
    return [one for one in entries if index.baseline(one) and not (index.privileged(one) or index.fitted(one))]


def ranked(
    index: ResultsIndex, panel: Panel, target: float, entries: Sequence[Entry], metric: str = "recovery"
) -> Ranked:
    """Those of `entries` that `panel` may judge, the highest matched `metric` first."""
    rows = [
        (entry, index.find(panel, metric, condition="raw-restored", entry=entry, kind="matched", target=target))
        for entry in entries
        if index.may_be_judged(entry, panel.recogniser)
    ]
    found = [(entry, row) for entry, row in rows if row is not None and not missing(row.value)]
    return sorted(found, key=lambda pair: -(pair[1].value or 0.0))


def _cost(index: ResultsIndex, panel: Panel, raw: float | None, masked: float | None, target: float) -> str:
    if raw is not None and not masks_measured(index):
        return (
            f"At a false match rate of {target_text(target)}, {panel.recogniser} wrongly rejects {percent(raw)} of "
            "mated comparisons without a mask. No masks were requested."
        )
    if raw is None or masked is None:
        return _without_threshold(index, panel, target)
    return (
        f"At a false match rate of {target_text(target)}, {panel.recogniser} wrongly rejects {percent(raw)} of mated "
        f"comparisons without a mask and {percent(masked)} with one."
    )


def _without_threshold(index: ResultsIndex, panel: Panel, target: float | None) -> str:
    """What can be said where no threshold was set: errors over all thresholds, and how few comparisons there are."""
    rows = [index.find(panel, "eer", condition=condition) for condition in ("raw-raw", "raw-masked")]
    raw, masked = (None if row is None or missing(row.value) else row for row in rows)
    known = next((row for row in rows if row is not None), None)
    if known is None:
        return f"What the mask costs {panel.recogniser} was not measured in this run."
    areas = [index.value(panel, "auc", condition=condition) for condition in ("raw-raw", "raw-masked")]
    counted = f"{number(known.n_mated, 0)} mated and {number(known.n_nonmated, 0)} non-mated comparisons"
    at = "" if target is None else f" of {target_text(target)}"
    text = f"With {counted}, no threshold could be set for a false match rate{at} for {panel.recogniser}. "
    text += _targets_possible(known.n_nonmated if rows[0] is not None else 0)
    if raw is None or masked is None:
        return text
    text += (
        f" Over all thresholds its equal error rate is {percent(raw.value)} without a mask and "
        f"{percent(masked.value)} with one"
    )
    return text + (f", its AUC {number(areas[0], 3)} and {number(areas[1], 3)}." if None not in areas else ".")


def _targets_possible(nonmated: int) -> str:
    """Which targets so many non-mated comparisons without a mask carry."""
    if not nonmated:
        return "No non-mated comparison without a mask was completed, and thresholds are set on those."
    least, sure = least_target(nonmated), least_target(nonmated, FLAGGED_BELOW)
    if least is None:
        return "They support no target at all."
    certain_from = f"; from {target_text(sure)} on it is not flagged as uncertain" if sure is not None else ""
    return f"The smallest target that they support is {target_text(least)} (--targets {least:g}){certain_from}."


def _won_back(index: ResultsIndex, pair: tuple[Entry, MetricRow], kind: str) -> str:
    entry, row = pair
    label, shown = index.label(entry), _shown(row)
    if row.value is not None and row.value <= 0:
        return f"No {kind} wins any of it back: the best of them, {label}, reaches {shown}."
    if row.ci_low is None or missing(row.ci_low):
        return f"The best {kind}, {label}, wins back {shown}, without an interval to say how certain that is."
    if row.ci_low <= 0:
        return f"No {kind} reliably wins any of it back: the best of them, {label}, reaches {shown}."
    return f"The best {kind}, {label}, wins back {shown} if the threshold is set anew for it."


def _reached(index: ResultsIndex, pair: tuple[Entry, MetricRow]) -> str:
    entry, row = pair
    return f"{index.label(entry)}, {'wins back' if certain(row) else 'reaches'} {_shown(row)}"


def _shown(row: MetricRow) -> str:
    within = interval(row.ci_low, row.ci_high, scale=100, decimals=0)
    return f"{percent(row.value, 0)} of that loss" + (f" (95\u202f% interval {within})" if within else "")


def _instead(index: ResultsIndex, panel: Panel, target: float, entries: Sequence[Entry]) -> str:
    """What stands where no recovery can be ranked."""
    if not entries:
        return "No method was run." if masks_measured(index) else ""
    if index.mask_types == [REAL_MASK]:
        fair = restorations_of(index, entries) + baselines_of(index, entries)
        gains = ranked(index, panel, target, fair, "gain")
        if gains:
            return _gained(index, *gains[0])
    fair = [entry for entry in entries if not index.privileged(entry)]
    if not fair:
        return "Every method of this run is privileged, so none can be recommended."
    if all(index.saw(entry, panel.recogniser) or index.fitted(entry) for entry in fair):
        return f"No independent judge: every method saw {panel.recogniser} in training."
    return "No method's recovery could be measured here."


def _gained(index: ResultsIndex, best: Entry, gain: MetricRow) -> str:
    """What stands for recovery where masks were really worn, and nobody knows what each of them took."""
    label = index.label(best)
    within = interval(gain.ci_low, gain.ci_high, scale=100, decimals=1)
    shown = f"{number((gain.value or 0.0) * 100, 1)} percentage points"
    shown += f" (95\u202f% interval {within})" if within else ""
    if not certain(gain):
        return f"No method reliably avoids any of these rejections: the best, {label}, avoids {shown}."
    return f"{label} does best: on the same comparisons it avoids {shown} of these rejections."


def _if_not_retuned(index: ResultsIndex, panel: Panel, best: Entry, target: float) -> list[str]:
    """What the best method costs when nothing is re-tuned."""
    sentences = []
    realised = index.value(panel, "fmr", condition="raw-restored", entry=best, kind="frozen", target=target)
    if realised is not None:
        ratio = realised / target
        said = (
            f"Without re-tuning, at the threshold set on raw faces, {index.label(best)} has {times(ratio)} the target"
        )
        if ratio > FLAGGED_RATIO:
            sentences.append(f"{said} false match rate: it needs its own threshold.")
        else:
            sentences.append(f"{said} false match rate.")
    harm = index.find(panel, "harm", condition="raw-passthrough", entry=best, kind="frozen", target=target)
    if harm is not None and harm.value is not None and harm.ci_low is not None and harm.ci_low > 0:
        sentences.append(
            f"People without a mask are affected: {percent(harm.value, 1)} more of their comparisons are rejected."
        )
    return sentences


def _fitted(index: ResultsIndex, fitted: Ranked) -> tuple[str, ...]:
    if not fitted:
        return ()
    return (f"Fitted to this recogniser and therefore ranked separately: {_reached(index, fitted[0])}.",)


def _bar(
    raw: float | None, masked: float | None, restored: float | None = None, label: str = ""
) -> tuple[Segment, ...]:
    """Of all mated comparisons: rejected without a mask, still lost with the best method, won back by it, accepted."""
    if raw is None or masked is None:
        return ()
    low, high = sorted((raw, masked))
    parts = [("kept", low, "rejected even without a mask")]
    if restored is not None and low < restored < high:
        parts += [
            ("lost", restored - low, f"still lost with {label}"),
            ("won", high - restored, f"won back by {label}"),
        ]
    else:
        parts.append(("lost", high - low, "lost to the mask" if masked >= raw else "rejected only without a mask"))
    parts.append(("accepted", 1 - high, "accepted even with a mask" if masked >= raw else "accepted"))
    return tuple(
        Segment(kind, round(100 * share, 2), text, number(100 * share, 1) + THIN_SPACE + "%")
        for kind, share, text in parts
    )
