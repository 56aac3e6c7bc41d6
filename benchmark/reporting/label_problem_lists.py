"""The report's section on label problems: the pairs it shows, and what it says of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.faces import Image
from benchmark.reporting.example_faces import data_uri
from benchmark.reporting.formatting import number
from benchmark.reporting.label_problem import (
    ALIKE,
    COPY,
    UNLIKE,
    LabelProblem,
    LabelProblems,
    pairs_of,
    shown_pairs,
)


@dataclass(frozen=True)
class ShownSide:
    """One photo of a pair: whose, which, and its ``data:`` address, empty where there is none."""

    subject_id: str
    image_id: str
    address: str


@dataclass(frozen=True)
class ShownPair:
    """A pair, and what is said of it, one line for each recogniser."""

    sides: tuple[ShownSide, ShownSide]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class ProblemList:
    """The pairs with one problem: those shown, and how many the file lists."""

    title: str
    pairs: tuple[ShownPair, ...]
    count: int


def problem_lists(found: LabelProblems | None) -> list[ProblemList]:
    """What the report's section lists: one list per problem that was found."""
    if found is None:
        return []
    titles = {COPY: "The same picture twice", UNLIKE: "Mated, but unlike", ALIKE: "Non-mated, but alike"}
    lists = []
    for problem, title in titles.items():
        pictures = found.photos if problem == COPY else found.faces
        shown = tuple(
            ShownPair(_sides(rows[0], pictures), tuple(_line(row, found.recognisers) for row in rows))
            for rows in shown_pairs(found.rows, problem).values()
        )
        if shown:
            lists.append(ProblemList(title, shown, len(pairs_of(found.rows, problem))))
    return lists


def _sides(row: LabelProblem, pictures: Mapping[str, Image]) -> tuple[ShownSide, ShownSide]:
    def side(subject_id: str, image_id: str) -> ShownSide:
        picture = pictures.get(image_id)
        return ShownSide(subject_id, image_id, "" if picture is None else data_uri(picture))

    return side(row.reference_subject, row.reference_id), side(row.probe_subject, row.probe_id)


def _line(row: LabelProblem, recognisers: int) -> str:
    if row.problem == COPY:
        people = "two people" if row.reference_subject != row.probe_subject else "one person"
        counted = "the second counts once with the first" if row.passed_over else "compared as listed"
        return f"labelled as {people}; {counted}"
    others = "" if recognisers < 2 else f"; listed by {row.listed_by} of {recognisers} recognisers"
    return (
        f"{row.recogniser}: {number(row.score, 3)}, usual {number(row.usual, 3)}, usual of the other kind "
        f"{number(row.usual_of_others, 3)} ({number(row.deviation, 1)} deviations){others}"
    )
