"""What may be wrong with the labels of a test: the rows of ``label_problems.csv``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from benchmark.faces import Image

COPY, UNLIKE, ALIKE = "copy", "mated but unlike", "non-mated but alike"
"""The values of the column ``problem``."""
MAX_PAIRS = 50
"""Pairs of each problem that one recogniser lists in the file."""
SHOWN = 10
"""Pairs of each problem that the report shows."""


@dataclass(frozen=True)
class LabelProblem:
    """A row of ``label_problems.csv``. None is written as an empty field.

    Attributes:
        problem: `COPY`, `UNLIKE` or `ALIKE`.
        reference_id: the photo (or template) on the one side; of two copies, the first.
        reference_subject: who is on it, as labelled.
        probe_id: the other side.
        probe_subject: likewise.
        recogniser: who finds the label doubtful; empty for copies, which are found without one.
        score: of the pair, raw against raw.
        usual: median score of the pairs with the same label.
        usual_of_others: median score of the pairs with the other label.
        deviation: modified z-score among the pairs with the same label.
        listed_by: how many of the run's recognisers find the pair's label doubtful.
        likeness: of two copies: correlation of their detail, at most 1.
        passed_over: of two copies: whether the second takes no part.
    """

    problem: str
    reference_id: str
    reference_subject: str
    probe_id: str
    probe_subject: str
    recogniser: str = ""
    score: float | None = None
    usual: float | None = None
    usual_of_others: float | None = None
    deviation: float | None = None
    listed_by: int | None = None
    likeness: float | None = None
    passed_over: bool | None = None

    @property
    def pair(self) -> tuple[str, str]:
        """Both photos, in the order of the row."""
        return self.reference_id, self.probe_id


LABEL_PROBLEM_COLUMNS: tuple[str, ...] = tuple(column.name for column in fields(LabelProblem))
"""The columns of ``label_problems.csv``, in order."""


@dataclass(frozen=True)
class LabelProblems:
    """What was found, and pictures of what the report shows.

    Attributes:
        rows: by problem; within one, the pairs that most recognisers list first, then those farthest from the usual.
        recognisers: how many judged.
        photos: of copies, by `image_id`: the whole photo; none where no photo may be shown.
        faces: of the other pairs, by the id in the row: the crop that was compared; likewise.
    """

    rows: tuple[LabelProblem, ...]
    recognisers: int = 0
    photos: Mapping[str, Image] = field(default_factory=dict)
    faces: Mapping[str, Image] = field(default_factory=dict)


def pairs_of(rows: Sequence[LabelProblem], problem: str) -> dict[tuple[str, str], list[LabelProblem]]:
    """By pair the rows of one problem, in their order."""
    pairs: dict[tuple[str, str], list[LabelProblem]] = {}
    for row in rows:
        if row.problem == problem:
            pairs.setdefault(row.pair, []).append(row)
    return pairs


def shown_pairs(rows: Sequence[LabelProblem], problem: str) -> dict[tuple[str, str], list[LabelProblem]]:
    """Of `pairs_of`, those that the report shows."""
    return dict(list(pairs_of(rows, problem).items())[:SHOWN])
