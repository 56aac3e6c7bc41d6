"""The result of comparing two runs: one sentence and the differences behind it, worse ones first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmark.cards import Card
from benchmark.reporting.difference_text import DifferenceNames, difference_text
from benchmark.reporting.export.markdown import escaped
from benchmark.reporting.export.support import SIGNIFICANT
from benchmark.reporting.formatting import plural, target
from benchmark.reporting.paired_runs import PairedRuns
from benchmark.verification.difference import Difference

_NAMED = 3
"""Methods that the sentence names at most."""


NO_NAMES = DifferenceNames((), {})


@dataclass(frozen=True)
class Answer:
    """What two runs come to.

    Attributes:
        sentence: the answer.
        refused: why nothing may be called better or worse; empty where it may.
        worse: tested methods that are worse in B, by a paired test after Holm's correction.
        better: those that are better.
        differences: all of them, worse ones first, then better ones, then the other tested ones; of identical scores
            last.
        remarks: what a reader must know.
        not_judged: why no test could have found a method worse; empty where one could, or where all scores are equal.
        names: what the methods and judges of the differences are called.
    """

    sentence: str
    refused: tuple[str, ...] = ()
    worse: tuple[Difference, ...] = ()
    better: tuple[Difference, ...] = ()
    differences: tuple[Difference, ...] = ()
    remarks: tuple[str, ...] = ()
    not_judged: str = ""
    names: DifferenceNames = NO_NAMES


def answer(
    refused: Sequence[str],
    paired: PairedRuns | None,
    cards: Mapping[str, Card] | None = None,
    remarks: Sequence[str] = (),
) -> Answer:
    """The answer to "is B better than A?".

    Args:
        refused: why the runs cannot be compared.
        paired: their differences on shared comparisons; None where scores are not stored.
        cards: of what took part in the runs, by name.
        remarks: what is known besides.
    """
    if paired is not None and paired.other_faces:
        refused = [
            *refused,
            f"Raw or masked faces got different scores ({', '.join(paired.other_faces)}): "
            "the methods did not start from the same faces.",
        ]
    if refused:
        text = f"These two runs cannot be compared. {refused[0]}"
        return Answer(text, tuple(refused), remarks=tuple(remarks), not_judged=text)
    if paired is None or not paired.compared:
        remarks = (*(() if paired is None else paired.remarks), *remarks)
        text = "The runs share no stored scores of a method: no difference can be paired, and none is called certain."
        return Answer(text, remarks=remarks, not_judged=text)
    names = DifferenceNames(paired.differences, cards or {})
    tested = [row for row in paired.differences if row.p_holm is not None]
    certain = [row for row in tested if row.p_holm is not None and row.p_holm < SIGNIFICANT]
    worse = tuple(sorted((row for row in certain if row.difference > 0), key=lambda row: -row.difference))
    better = tuple(sorted((row for row in certain if row.difference < 0), key=lambda row: row.difference))
    rest = [row for row in paired.differences if row not in worse and row not in better]
    rest.sort(key=lambda row: (row.identical, row.p_holm is None))
    sentence = _sentence(paired, tested, worse, better, names)
    same = paired.identical == paired.compared
    return Answer(
        sentence,
        worse=worse,
        better=better,
        differences=(*worse, *better, *rest),
        remarks=(*_how_many_are_the_same(paired), *paired.remarks, *remarks),
        not_judged="" if tested or same else sentence,
        names=names,
    )


def answer_as_json(found: Answer, names: tuple[str, str]) -> dict[str, Any]:
    """For programs; differences are B − A, rates are shares; without interval where both have the same scores."""
    parts = asdict(replace(found, names=NO_NAMES))
    return {"a": names[0], "b": names[1], **{name: part for name, part in parts.items() if name != "names"}}


def answer_as_markdown(
    found: Answer, names: tuple[str, str], settings: Sequence[tuple[str, str | None, str | None]]
) -> str:
    """For a pull request: the sentence, the tested differences, and what differs in the settings."""
    a, b = (escaped(name) for name in names)
    lines = [f"**{escaped(found.sentence)}**", "", f"A: {a}; B: {b}. Differences are B − A, with 95 % intervals."]
    if found.refused:
        lines += ["", *(f"- {escaped(reason)}" for reason in found.refused)]
    tested = [row for row in found.differences if row.tested]
    if tested:
        lines += [
            "",
            "| Method | Recogniser | GFRR at FMR | Difference, points | p (Holm) | |",
            "|---|---|---|---:|---:|---|",
        ]
        lines += [_markdown_row(row, found) for row in tested]
    lines += ["", *(escaped(remark) for remark in found.remarks)] if found.remarks else []
    if settings:
        lines += ["", "<details><summary>Settings that differ</summary>", "", "| Manifest | A | B |", "|---|---|---|"]
        lines += [f"| {' | '.join(escaped('–' if part is None else part) for part in row)} |" for row in settings]
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n"


def _how_many_are_the_same(paired: PairedRuns) -> tuple[str, ...]:
    if not 0 < paired.identical < paired.compared:
        return ()
    verb = "has" if paired.identical == 1 else "have"
    return (
        f"{paired.identical} of {plural(paired.compared, 'cell')} of a method and a recogniser {verb} the same scores "
        "in both runs.",
    )


def _sentence(
    paired: PairedRuns,
    tested: Sequence[Difference],
    worse: Sequence[Difference],
    better: Sequence[Difference],
    names: DifferenceNames,
) -> str:
    if paired.identical == paired.compared:
        return f"B gives the same scores as A in all {plural(paired.compared, 'cell')} of a method and a recogniser."
    if not tested:
        return "The runs have too few comparisons for a test: no difference is called certain."
    if not (worse or better):
        return f"No difference between A and B is certain: none of {plural(len(tested), 'paired test')} finds one."
    parts, tests = [], plural(len(tested), "paired test")
    if worse:
        parts.append(f"B is worse than A in {len(worse)} of {tests}: {_named(worse, names)}")
    if better:
        parts.append(f"B is better than A in {len(better)} of {tests}: {_named(better, names)}")
    return "; ".join(parts) + "."


def _named(rows: Sequence[Difference], names: DifferenceNames) -> str:
    texts = [
        f"{names.method(row)} before {names.judge(row)} (GFRR {difference_text(row)} points)" for row in rows[:_NAMED]
    ]
    return ", ".join(texts) + (f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else "")


def _markdown_row(row: Difference, found: Answer) -> str:
    verdict = "**worse**" if row in found.worse else "better" if row in found.better else ""
    at = "" if row.target is None else target(row.target)
    p_holm = "" if row.p_holm is None else f"{row.p_holm:.3g}"
    names = found.names
    cells = (escaped(names.method(row)), escaped(names.judge(row)), at, difference_text(row), p_holm, verdict)
    return f"| {' | '.join(cells)} |"
