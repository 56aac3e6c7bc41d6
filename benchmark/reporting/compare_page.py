"""``compare.html``: the page that shows what differs between two runs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmark.reporting import formatting
from benchmark.reporting.comparison_answer import Answer
from benchmark.reporting.difference_text import difference_text
from benchmark.reporting.formatting import number
from benchmark.reporting.metric_text import difference, full_value
from benchmark.reporting.page_policy import content_security_policy
from benchmark.reporting.page_templates import environment, sorting_script, style_sheet
from benchmark.reporting.results_index import NO_METHOD
from benchmark.verification.difference import Difference
from benchmark.verification.metric_description import MetricDescription, undescribed

Descriptions = Mapping[str, MetricDescription]
Rows = Mapping[tuple[str, str, str, str], Sequence[dict[Any, Any]]]
_MAX_CHANGES = 100
_PANEL = ["dataset", "protocol", "acquisition", "size", "recogniser"]
_METHOD = ["method", "preset", "train_data", "mask_source"]
_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("recovery", "matched", "raw-restored"),
    ("gfrr", "matched", "raw-restored"),
    ("gfrr", "frozen", "raw-restored"),
    ("fmr", "frozen", "raw-restored"),
    ("harm", "frozen", "raw-passthrough"),
    ("psnr_hole", "none", "raw-restored"),
    ("seconds_per_image", "none", "raw-restored"),
)


@dataclass(frozen=True)
class Pair:
    """One value of A and B."""

    a: str
    b: str
    delta: str
    better: str
    exceeds: bool
    order: float | None
    where: tuple[str, ...] = ()


@dataclass(frozen=True)
class SideBySide:
    """One method in both runs."""

    label: str
    details: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Table:
    """Methods side by side on one recogniser at one target."""

    title: str
    target: int
    target_text: str
    rows: tuple[SideBySide, ...]


def render_comparison(  # noqa: PLR0917
    names: tuple[str, str],
    deltas: pd.DataFrame,
    metrics: Descriptions,
    manifests: tuple[Mapping[str, Any], Mapping[str, Any]],
    differences: Sequence[tuple[str, str | None, str | None]],
    warnings: Sequence[str],
    found: Answer,
) -> str:
    """The page.

    Args:
        names: of A and B.
        deltas: what `deltas.join_runs` returns.
        metrics: descriptions, by the name in the column ``metric``.
        manifests: of A and B.
        differences: what `compare.manifest_differences` returns.
        warnings: why the runs cannot be compared; empty if they can.
        found: the answer.
    """
    both = deltas[deltas["in_runs"] == "both"]
    changed = both[both["exceeds_both_intervals"] == "yes"]
    targets = sorted({float(value) for value in both["target"].dropna()}, reverse=True)
    title = _title(len(both), int((both["delta"].fillna(0) != 0).sum()), len(changed), comparable=not warnings)
    ranked = regressions_first(changed)
    return (
        environment()
        .get_template("compare.html.j2")
        .render(
            style=style_sheet(),
            script=sorting_script(),
            policy=content_security_policy(sorting_script()),
            title=found.sentence if found.differences else title,
            lead=title if found.differences else found.sentence,
            paired=[_paired(row, found) for row in found.differences][:_MAX_CHANGES],
            remarks=list(found.remarks),
            names=names,
            facts=[_facts(manifest) for manifest in manifests],
            warnings=list(warnings),
            targets=[(number_, formatting.target(target)) for number_, target in enumerate(targets)],
            tables=[
                table for number_, target in enumerate(targets) for table in _tables(both, metrics, number_, target)
            ],
            headings=[(_described(metrics, metric).title, kind) for metric, kind, _ in _COLUMNS],
            changed=[_pair(row, metrics, where=True) for row in ranked.head(_MAX_CHANGES).to_dict("records")],
            changed_count=len(changed),
            differences=list(differences),
            alone=[(name, _alone(deltas[deltas["in_runs"] == run])) for name, run in zip("AB", "ab", strict=True)],
        )
    )


def regressions_first(changed: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``deltas.csv`` in the order of the page: worse in B, then better, then those without a better direction;
    in each of these all mask types together before single ones, and larger changes before smaller ones."""
    verdict = changed["better"].map({"a": 0, "b": 1}).fillna(2)
    return (
        changed.assign(_verdict=verdict, _part=changed["mask_type"] != "all", _size=-changed["delta"].abs())
        .sort_values(["_verdict", "_part", "_size"], kind="stable")
        .drop(columns=["_verdict", "_part", "_size"])
    )


def _paired(row: Difference, found: Answer) -> tuple[str, ...]:
    verdict = "worse" if row in found.worse else "better" if row in found.better else ""
    at = "" if row.target is None else f"FMR {formatting.target(row.target)}, {row.threshold_kind}"
    p_holm = "" if row.p_holm is None else f"{row.p_holm:.3g}"
    method, judge = found.names.method(row), found.names.judge(row)
    return (method, judge, row.metric.upper(), at, difference_text(row), p_holm, verdict)


def _title(shared: int, moved: int, exceeding: int, *, comparable: bool) -> str:
    if not comparable:
        return "These two runs cannot be compared"
    if not shared:
        return "The two runs share no value"
    if not moved:
        return f"The two runs agree in all {formatting.plural(shared, 'value')}"
    if not exceeding:
        return f"{number(moved, 0)} of {formatting.plural(shared, 'value')} moved, none beyond both intervals"
    return f"{number(exceeding, 0)} of {formatting.plural(shared, 'value')} changed beyond both intervals"


def _tables(both: pd.DataFrame, metrics: Descriptions, number_: int, target: float) -> list[Table]:
    all_types = both[both["mask_type"] == "all"]
    judged = all_types[(all_types["condition"] == "raw-restored") & (all_types["threshold_kind"] != "none")]
    shown = _by_place(all_types)
    tables = []
    for _, rows in judged.groupby(_PANEL, sort=True):
        panel = tuple(str(value) for value in rows[_PANEL].iloc[0])
        place = dict(zip(_PANEL, panel, strict=True))
        methods = rows[_METHOD].drop_duplicates().itertuples(index=False, name=None)
        lines = [_line(shown, metrics, place, method, target) for method in sorted(methods)]
        masked = _line(shown, metrics, place, (NO_METHOD, None, None, None), target, "raw-masked")
        title = f"{panel[4]} · {panel[2]} · {panel[3]} px" if str(panel[3]).isdigit() else f"{panel[4]} · {panel[2]}"
        tables.append(Table(title, number_, formatting.target(target), (masked, *lines)))
    return tables


def _by_place(rows: pd.DataFrame) -> Rows:
    """The rows that a table may show, by metric, kind of threshold, condition and method."""
    placed: defaultdict[tuple[str, str, str, str], list[dict[Any, Any]]] = defaultdict(list)
    for row in rows[rows["metric"].isin([metric for metric, *_ in _COLUMNS])].to_dict("records"):
        placed[row["metric"], row["threshold_kind"], row["condition"], row["method"]].append(row)
    return placed


def _line(  # noqa: PLR0917
    rows: Rows,
    metrics: Descriptions,
    panel: dict[str, str],
    method: tuple[Any, ...],
    target: float,
    condition: str = "",
) -> SideBySide:
    wanted = {name: value for name, value in zip(_METHOD, method, strict=True) if value is not None}
    wanted |= {name: value for name, value in panel.items() if name != "recogniser"}
    judges = {panel["recogniser"], "", "none", "all"}
    pairs = []
    for metric, kind, usual in _COLUMNS:
        found = (
            row
            for row in rows.get((metric, kind, condition or usual, method[0]), ())
            if (kind == "none" or row["target"] == target)
            and row["recogniser"] in judges
            and all(row[name] == value for name, value in wanted.items())
        )
        first = next(found, None)
        pairs.append(Pair("", "", "", "", False, None) if first is None else _pair(first, metrics))
    details = " · ".join(str(part) for part in method[1:] if part not in (None, "", "none", "default"))
    return SideBySide("masked probe" if method[0] == NO_METHOD else str(method[0]), details, tuple(pairs))


def _pair(row: dict[Any, Any], metrics: Descriptions, *, where: bool = False) -> Pair:
    metric, delta = _described(metrics, str(row["metric"])), float(row["delta"])
    at = f"FMR {formatting.target(row['target'])}, {row['threshold_kind']}" if math.isfinite(row["target"]) else ""
    places = (str(row["recogniser"]), str(row["method"]), str(row["condition"]), str(row["mask_type"]), at)
    return Pair(
        a=full_value(metric, row["value_a"]),
        b=full_value(metric, row["value_b"]),
        delta=difference(metric, delta),
        better={"a": "worse", "b": "better"}.get(str(row["better"]), ""),
        exceeds=row["exceeds_both_intervals"] == "yes",
        order=delta if math.isfinite(delta) else None,
        where=(metric.title, *places) if where else (),
    )


def _described(metrics: Descriptions, name: str) -> MetricDescription:
    return metrics.get(name) or undescribed(name)


def _facts(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    versions = manifest.get("versions")
    facts = {
        "started": formatting.date(manifest.get("started"), with_time=True),
        "version": versions.get("unmask-benchmark") if isinstance(versions, Mapping) else None,
        "revision": str(manifest.get("git_revision") or "")[:10],
        "device": manifest.get("device"),
    }
    return [(name, str(value)) for name, value in facts.items() if value]


def _alone(rows: pd.DataFrame) -> list[tuple[str, str, str, str, int]]:
    """Rows of one run only: how many values of each method, recogniser, condition and size."""
    if rows.empty:
        return []
    keys = ["method", "recogniser", "condition", "size"]
    counted = rows.groupby(keys, sort=True).size().reset_index(name="count")
    return [
        (str(m), str(r), str(c), str(s), int(count)) for m, r, c, s, count in counted.itertuples(index=False, name=None)
    ]
