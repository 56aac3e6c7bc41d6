"""What ``--dry-run`` prints: the plan, what is stored already, and how long the rest will take."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmark.counted import counted
from benchmark.pipeline.forecast.blank_store import Foreseen
from benchmark.pipeline.forecast.foresee import Forecast
from benchmark.step_count import clock
from benchmark.storage.step_costs import StepCosts
from benchmark.work import Work

_WIDTH = 80
_HEADING = 13
_NAME = 42
_NAMED = 3
_COLUMNS = (("rows", 9), ("stored", 9), ("time", 9), ("disk", 9))
_UNKNOWN = "?"


@dataclass(frozen=True)
class _Line:
    """Everything of one step that costs the same: a method, a recogniser."""

    name: str
    rows: int
    missing: int
    seconds: float | None
    bytes: float | None


def forecast_text(forecast: Forecast, costs: StepCosts) -> str:
    """The plan as plain text, no wider than 80 columns but for names of the user's own.

    Args:
        forecast: what the run would make.
        costs: of earlier runs.
    """
    plan, config = forecast.plan, forecast.plan.config
    comparisons = plan.protocol.comparisons
    mated = int(comparisons.mated.sum())
    lines = [
        *_paragraph(
            "data set",
            f"{config.dataset}, protocol {config.protocol}: {counted(len(plan.protocol.photos), 'photo')}, "
            f"{counted(len(comparisons), 'comparison')} ({mated:,} mated)",
        ),
        *_paragraph("faces", f"{config.size} px, {' and '.join(config.acquisition)}; masks {', '.join(config.masks)}"),
        *_paragraph("methods", _listed(("none", *plan.methods))),
        *_paragraph("recognisers", _listed(plan.recognisers)),
        *([] if config.out is None else _paragraph("report", str(plan.out))),
        "",
        " " * _NAME + "".join(heading.rjust(width) for heading, width in _COLUMNS),
    ]
    table = _lines(forecast, costs)
    lines += [_row(line) for line in table]
    to_do = forecast.to_do()
    stored = sum(not one.missing for one in forecast.artefacts)
    lines += ["", *_paragraph("steps", f"{len(to_do)} to carry out; {stored} others are stored in {config.cache}")]
    lines += _paragraph("time", _time([line for line in table if line.missing]))
    lines += _paragraph("disk", _disk([line for line in table if line.missing]))
    if not forecast.copies_known:
        lines += _paragraph("copies", "not looked for yet; photos that are there twice will be left out")
    return "\n".join(lines)


def _lines(forecast: Forecast, costs: StepCosts) -> list[_Line]:
    groups: dict[tuple[str, str], list[Foreseen]] = {}
    for one in (*forecast.artefacts, *(Foreseen(work, work.rows) for work in forecast.last)):
        groups.setdefault((one.work.step, one.work.name), []).append(one)
    return [_line(group, costs) for group in groups.values()]


def _line(group: Sequence[Foreseen], costs: StepCosts) -> _Line:
    first = group[0].work
    return _Line(
        first.doing if first.name == first.doing or not first.name else f"{first.step}: {first.name}",
        sum(one.work.rows for one in group),
        sum(one.missing for one in group),
        _sum(_seconds(one, costs) for one in group),
        _sum(_bytes(one, costs) for one in group),
    )


def _seconds(one: Foreseen, costs: StepCosts) -> float | None:
    cost = costs.of(one.work)
    return 0.0 if not one.missing else None if cost is None else cost.seconds * one.missing


def _bytes(one: Foreseen, costs: StepCosts) -> float | None:
    cost, known = costs.of(one.work), _shape_known(one.work)
    if not one.missing:
        return 0.0
    if cost is None:
        return float(one.work.row_bytes * one.missing) if known else None
    return cost.bytes * one.missing


def _shape_known(work: Work) -> bool:
    return work.row_bytes > 0 or work.step == "measure"  # measuring stores nothing


def _sum(values: Iterable[float | None]) -> float | None:
    """None where a part is unknown."""
    known = list(values)
    return None if any(value is None for value in known) else sum(value for value in known if value is not None)


def _row(line: _Line) -> str:
    made = line.rows - line.missing
    cells = (
        f"{line.rows:,}",
        "all" if not line.missing else f"{made:,}" if made else "–",
        "" if not line.missing else _UNKNOWN if line.seconds is None else clock(line.seconds),
        "" if not line.missing else _UNKNOWN if line.bytes is None else _size(line.bytes),
    )
    name = line.name if len(line.name) < _NAME else line.name[: _NAME - 2] + "…"
    return (
        name.ljust(_NAME) + "".join(cell.rjust(width) for cell, (_, width) in zip(cells, _COLUMNS, strict=True))
    ).rstrip()


def _time(lines: Sequence[_Line]) -> str:
    known = [line.seconds for line in lines if line.seconds is not None]
    unknown = [line.name for line in lines if line.seconds is None]
    by = "by what the same steps took here before"
    if not unknown:
        return f"about {clock(sum(known))}, {by}"
    why = "never carried out here on this data set with this device and --workers"
    if not known:
        return f"unknown: the steps were {why}"
    return f"about {clock(sum(known))}, {by}; more for {_some(unknown)}, {why}"


def _disk(lines: Sequence[_Line]) -> str:
    known = [line.bytes for line in lines if line.bytes is not None]
    unknown = [line.name for line in lines if line.bytes is None]
    return f"about {_size(sum(known))}" + (f"; more for {_some(unknown)}, whose size is unknown" if unknown else "")


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    return f"{', '.join(shown)} ({len(shown)})" if len(shown) > 3 else ", ".join(shown)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown


def _paragraph(heading: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=heading.ljust(_HEADING),
        subsequent_indent=" " * _HEADING,
        break_long_words=False,
        break_on_hyphens=False,
    )
