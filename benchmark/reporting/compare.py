"""Compares two stored runs: every value of one beside the same value of the other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.cards import Card
from benchmark.config import NO_EFFECT_ON_NUMBERS
from benchmark.errors import StorageError
from benchmark.reporting.compare_page import render_comparison
from benchmark.reporting.comparison_answer import Answer, answer, answer_as_json, answer_as_markdown
from benchmark.reporting.deltas import join_runs
from benchmark.reporting.like_with_like import incomparable, other_masks
from benchmark.reporting.paired_runs import pair_runs
from benchmark.reporting.provenance import manifest_lines
from benchmark.reporting.results_index import NO_METHOD, name_asked_for
from benchmark.reporting.stored_run import read_cards, read_run
from benchmark.storage.atomic_files import remove_temporary_files, write_together
from benchmark.storage.csv_files import table_csv
from benchmark.storage.utf8 import as_utf8
from benchmark.verification.metric_description import common_descriptions, stored_descriptions

_NO_SETTING = {"started", "command", *(f"config.{name}" for name in NO_EFFECT_ON_NUMBERS)}
_NO_SETTINGS = ("engine.", "peak_memory_mib.")
"""Entries of the manifest that affect no number, and groups of such."""


@dataclass(frozen=True)
class Comparison:
    """What `compare_runs` wrote.

    Attributes:
        page: the path of ``compare.html``; beside it are ``deltas.csv``, ``compare.md`` and ``compare.json``.
        answer: what it comes to.
    """

    page: Path
    answer: Answer


def compare_runs(a: Path, b: Path, out: Path) -> Comparison:
    """Write ``compare.html``, ``deltas.csv``, ``compare.md`` (for a pull request) and ``compare.json``.

    Args:
        a: a run's folder.
        b: another one's.
        out: folder to write to, made if absent.

    Raises:
        RequestError: a folder is missing, or holds no finished run of this schema, all of whose files are as the run
            left them.
        StorageError: `out` cannot be written.
    """
    first, second = read_run(a), read_run(b)
    metrics = common_descriptions(stored_descriptions(run.manifest) for run in (first, second))
    deltas = join_runs(first.metrics, second.metrics, metrics)
    warnings = incomparable(first, second)
    masks = None if warnings else other_masks(a, b)
    warnings += [] if masks is None else [masks]
    shared = sorted({float(one) for one in first.metrics["target"].dropna()} & set(second.metrics["target"].dropna()))
    paired = None if warnings else pair_runs(a, b, shared[::-1])
    cards = [read_cards(run.manifest.get("cards", {})) for run in (first, second)]
    found = answer(warnings, paired, cards[1] | cards[0], _in_one_run_only(deltas, cards))
    warnings = list(found.refused)
    if warnings:
        deltas["better"] = ""
    differences = manifest_differences(first.manifest, second.manifest)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{out} cannot be made ({error.strerror}); choose another folder with --out") from error
    remove_temporary_files(out)
    names = (first.name, second.name) if first.name != second.name else (str(a), str(b))
    page = render_comparison(names, deltas, metrics, (first.manifest, second.manifest), differences, warnings, found)
    target = out / "compare.html"
    text = json.dumps(answer_as_json(found, names), indent=2, ensure_ascii=False) + "\n"
    write_together(
        {
            out / "deltas.csv": as_utf8(table_csv(deltas)),
            target: as_utf8(page),
            out / "compare.md": as_utf8(answer_as_markdown(found, names, differences)),
            out / "compare.json": as_utf8(text),
        }
    )
    return Comparison(target, found)


def _in_one_run_only(deltas: pd.DataFrame, cards: Sequence[Mapping[str, Card]]) -> tuple[str, ...]:
    """One sentence for each run that has recognisers or methods that the other lacks: they were not compared."""
    said = []
    for run, other, known in (("a", "b", cards[0]), ("b", "a", cards[1])):
        mine, others = (deltas[deltas["in_runs"].isin(["both", one])] for one in (run, other))
        judges = sorted(set(mine["recogniser"]) - set(others["recogniser"]) - {"", "none"})
        methods = sorted(
            {
                name_asked_for(str(method), str(preset), known)
                for method, preset in _methods(mine) - _methods(others)
                if method != NO_METHOD
            }
        )
        if judges or methods:
            missing = ", ".join([*methods, *judges])
            said.append(f"Only {run.upper()} has {missing}: not compared.")
    return tuple(said)


def _methods(rows: pd.DataFrame) -> set[tuple[str, str]]:
    return set(rows[["method", "preset"]].itertuples(index=False, name=None))


def manifest_differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[tuple[str, str | None, str | None]]:
    """``(path, value in A, value in B)`` of every setting, version and digest that differs; None where absent."""
    first, second = dict(manifest_lines(a)), dict(manifest_lines(b))
    return [
        (path, first.get(path), second.get(path))
        for path in dict.fromkeys([*first, *second])
        if path not in _NO_SETTING and not path.startswith(_NO_SETTINGS) and first.get(path) != second.get(path)
    ]
