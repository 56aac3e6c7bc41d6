"""The report's section on label problems, with pictures and without."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from fake_run import METHODS, fake_run

from benchmark.reporting.label_problem import (
    ALIKE,
    COPY,
    LABEL_PROBLEM_COLUMNS,
    SHOWN,
    UNLIKE,
    LabelProblem,
    LabelProblems,
)
from benchmark.reporting.write_run import write_run

PICTURE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
ROWS = (
    LabelProblem(COPY, "a/1.jpg", "a", "b/1.jpg", "b", likeness=0.97, passed_over=False),
    LabelProblem(UNLIKE, "c/1.jpg", "<b>c</b>", "c/2.jpg", "<b>c</b>", "dlib", -0.1, 0.6, 0.0, -6.2, listed_by=2),
    LabelProblem(UNLIKE, "c/1.jpg", "<b>c</b>", "c/2.jpg", "<b>c</b>", "other", 0.1, 0.7, 0.1, -5.0, listed_by=2),
    *(
        LabelProblem(ALIKE, f"d/{n}.jpg", "d", "e/1.jpg", "e", "dlib", 0.8, 0.0, 0.6, 7.0, listed_by=1)
        for n in range(14)
    ),
)


def written(tmp_path: Path, problems: LabelProblems | None) -> str:
    run = fake_run(methods=METHODS[:1], recognisers=("dlib",), mask_types=(), people=0, size=32)
    return write_run(replace(run, label_problems=problems), tmp_path).read_text("utf-8")


def section(page: str) -> str:
    return page.partition('<section id="labels"')[2].partition("</section>")[0]


def test_every_pair_is_shown_with_both_faces_and_what_each_recogniser_says(tmp_path: Path) -> None:
    faces = {side: PICTURE for row in ROWS for side in row.pair}
    found = section(written(tmp_path, LabelProblems(ROWS, 2, photos=faces, faces=faces)))
    assert found.count("<img") == 2 * (1 + 1 + SHOWN)
    assert "labelled as two people; compared as listed" in found
    assert "dlib: −0.100, usual 0.600, usual of the other kind 0.000 (−6.2 deviations); listed by 2 of 2" in found
    assert "&lt;b&gt;c" in found and "<b>c</b>" not in found
    assert f"14, the first {SHOWN}" in found
    assert "none is left out for being on this list, because the recognisers under test chose it" in found


def test_without_pictures_the_same_pairs_are_named(tmp_path: Path) -> None:
    page = written(tmp_path, LabelProblems(ROWS, 2))
    assert "c/2.jpg" in section(page) and "<img" not in section(page)
    assert "data:image" not in page


def test_nothing_found_is_said_and_rendered_people_have_no_such_section(tmp_path: Path) -> None:
    assert "None found" in section(written(tmp_path / "none", LabelProblems((), 1)))
    assert 'id="labels"' not in written(tmp_path / "rendered", None)
    assert not (tmp_path / "rendered" / "label_problems.csv").exists()


def test_the_file_has_every_row_and_empty_fields_where_nothing_applies(tmp_path: Path) -> None:
    written(tmp_path, LabelProblems(ROWS, 2))
    table = pd.read_csv(tmp_path / "label_problems.csv")
    assert tuple(table.columns) == LABEL_PROBLEM_COLUMNS and len(table) == len(ROWS)
    assert table.loc[0, ["recogniser", "score", "listed_by"]].isna().all() and table.loc[0, "likeness"] == 0.97
    assert table.loc[1:, "passed_over"].isna().all()
