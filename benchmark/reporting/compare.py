"""Compares two stored runs: every value of one beside its twin of the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.config import NO_EFFECT_ON_NUMBERS
from benchmark.errors import StorageError
from benchmark.reporting.compare_page import render_comparison
from benchmark.reporting.deltas import join_runs
from benchmark.reporting.provenance import manifest_lines
from benchmark.reporting.stored_run import StoredRun, read_run
from benchmark.storage.atomic_files import remove_temporary_files, write_atomically
from benchmark.verification.metric_description import common_descriptions, stored_descriptions

_NO_SETTING = {"started", "command", *(f"config.{name}" for name in NO_EFFECT_ON_NUMBERS)}
"""Entries of the manifest that affect no number."""


def compare_runs(a: Path, b: Path, out: Path) -> Path:
    """Write ``deltas.csv`` and ``compare.html``.

    Args:
        a: a run's folder.
        b: another one's.
        out: folder to write to, made if absent.

    Returns:
        The path of ``compare.html``.

    Raises:
        RequestError: a folder is missing, or holds no finished run of this schema, all of whose files are as the run
            left them.
        StorageError: `out` cannot be written.
    """
    first, second = read_run(a), read_run(b)
    metrics = common_descriptions(stored_descriptions(run.manifest) for run in (first, second))
    deltas = join_runs(first.metrics, second.metrics, metrics)
    warnings = incomparable(first, second)
    differences = manifest_differences(first.manifest, second.manifest)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{out} cannot be made ({error.strerror}); choose another folder with --out") from error
    remove_temporary_files(out)
    write_atomically(out / "deltas.csv", deltas.to_csv(index=False, lineterminator="\n").encode("utf-8"))
    names = (first.name, second.name) if first.name != second.name else (str(a), str(b))
    page = render_comparison(names, deltas, metrics, (first.manifest, second.manifest), differences, warnings)
    target = out / "compare.html"
    write_atomically(target, page.encode("utf-8"))
    return target


def manifest_differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[tuple[str, str | None, str | None]]:
    """``(path, value in A, value in B)`` of every setting, version and digest that differs; None where absent."""
    first, second = dict(manifest_lines(a)), dict(manifest_lines(b))
    return [
        (path, first.get(path), second.get(path))
        for path in dict.fromkeys([*first, *second])
        if path not in _NO_SETTING and first.get(path) != second.get(path)
    ]


def incomparable(a: StoredRun, b: StoredRun) -> list[str]:
    """Why differences between the two runs say nothing, one sentence each; empty if they may be compared."""
    reasons = []
    for column, noun in (("dataset", "data sets"), ("protocol", "protocols")):
        first, second = (", ".join(sorted(set(run.metrics[column]))) for run in (a, b))
        if first != second:
            reasons.append(f"The runs use different {noun}: {first or 'none'} in A, {second or 'none'} in B.")
    for name, what in (("dataset", "photos"), ("protocol", "comparisons")):
        first, second = (_digest(run.manifest, name) for run in (a, b))
        if first != second and not reasons:
            reasons.append(f"The {what} differ (digest {first or 'missing'} in A, {second or 'missing'} in B).")
    return reasons


def _digest(manifest: Mapping[str, Any], name: str) -> str:
    digests = manifest.get("digests")
    return str(digests.get(name, "")) if isinstance(digests, Mapping) else ""
