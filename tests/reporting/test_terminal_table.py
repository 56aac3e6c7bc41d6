"""The table at the end of a run."""

from __future__ import annotations

from dataclasses import replace

from benchmark.reporting.results_index import ResultsIndex
from benchmark.reporting.run_results import RunResults
from benchmark.reporting.terminal_table import WIDTH, terminal_table
from benchmark.verification.metric_description import stored_descriptions


def _table(run: RunResults) -> str:
    return terminal_table(ResultsIndex(run.metrics, run.cards, run.notes, stored_descriptions(run.manifest)))


def test_it_fits_an_old_terminal_and_has_every_method(small_run: RunResults) -> None:
    lines = _table(small_run).splitlines()
    assert max(map(len, lines)) <= WIDTH
    names = {line.split()[0] for line in lines if line.strip()}
    assert {"Masked", "telea", "segmenter+glcic", "*true-pixels", "*paired-gan"} <= names


def test_a_run_without_a_target_says_so_in_one_line(small_run: RunResults) -> None:
    bare = replace(small_run, metrics=[row for row in small_run.metrics if row.target is None])
    assert _table(bare).startswith("no table of methods: too few comparisons")
    assert "\n" not in _table(bare)
