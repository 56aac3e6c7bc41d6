"""The table at the end of a run."""

from __future__ import annotations

from dataclasses import replace

from benchmark.cards import MethodCard
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


def test_methods_are_called_as_they_were_asked_for(small_run: RunResults) -> None:
    long = "segmenter+glcic:a-preset-with-a-long-name"
    presets = {"telea": "wide", "segmenter+glcic": long.split(":")[1]}
    rows = [replace(row, preset=presets.get(row.method, row.preset)) for row in small_run.metrics]
    cards = {**small_run.cards, "telea:wide": MethodCard(), long: MethodCard()}
    lines = _table(replace(small_run, cards=cards, metrics=rows)).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert any(line.startswith("telea:wide ") for line in lines), "no namesake, but not the default"
    assert any(line.startswith("*paired-gan ") for line in lines)
    place = lines.index(long)
    assert lines[place + 1].startswith(" " * 20) and lines[place + 1].strip()[0].isdigit(), "numbers on the next line"


def test_a_run_without_a_target_says_so_in_one_line(small_run: RunResults) -> None:
    bare = replace(small_run, metrics=[row for row in small_run.metrics if row.target is None])
    assert _table(bare).startswith("no table of methods: too few comparisons")
    assert "\n" not in _table(bare)


def test_shares_are_percentages_as_the_headings_say(small_run: RunResults) -> None:
    masked = next(line for line in _table(small_run).splitlines() if line.startswith("Masked"))
    numbers = [float(word) for word in masked.split()[2:]]
    row = next(
        row
        for row in small_run.metrics
        if (row.metric, row.condition, row.threshold_kind, row.mask_type) == ("gfrr", "raw-masked", "matched", "all")
        and row.target == ResultsIndex(small_run.metrics, small_run.cards, ()).main_target()
    )
    assert row.value is not None
    assert numbers[0] == round(100 * row.value, 1)
