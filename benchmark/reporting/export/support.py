"""Which methods the run's own tests call better: read from ``differences.csv``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import RequestError
from benchmark.reporting.export.document import Test
from benchmark.reporting.results_index import NO_METHOD, Entry, Panel
from benchmark.storage.csv_files import read_table_of_text

SIGNIFICANT = 0.05
_FILE = "differences.csv"
_READ = (
    *("dataset", "protocol", "acquisition", "size", "recogniser", "method", "preset", "mask_source", "other"),
    *("target", "difference", "ci_low", "ci_high", "tested", "p_holm"),
)
"""The columns that are read here."""


@dataclass(frozen=True)
class Support:
    """The tests of a run.

    Attributes:
        tests: by panel, method, preset and mask source, then by target.
        known: whether the run has tests at all; a run of an earlier version has none.
    """

    tests: Mapping[tuple[Panel, str, str, str, float], tuple[Test, ...]]
    known: bool

    def of(self, panel: Panel, entry: Entry, target: float) -> tuple[Test, ...]:
        """The tests of one method at one target; empty where it was not tested there."""
        key = (panel, entry.method, entry.preset, entry.mask_source)
        return next(
            (tests for (*known, at), tests in self.tests.items() if tuple(known) == key and math.isclose(at, target)),
            (),
        )


def supported(tests: Sequence[Test]) -> bool:
    """Whether a method is better than leaving the mask on and than every baseline that it was tested against.

    The claim is simultaneous: the p-values are corrected for all tests of the run's family.
    """
    return any(test.other == NO_METHOD for test in tests) and all(test.better for test in tests)


def read_support(folder: Path) -> Support:
    """The tests that a run's ``differences.csv`` holds.

    Raises:
        RequestError: the file is damaged.
    """
    file = folder / _FILE
    if not file.exists():
        return Support({}, known=False)
    try:
        table = read_table_of_text(file)  # a method may be called "nan" or "001"
    except (OSError, ValueError) as error:
        raise RequestError(f"cannot read {file} ({error}); run the benchmark again") from error
    lacking = [column for column in _READ if column not in table.columns]
    if lacking:
        raise RequestError(f"{file} lacks the column {lacking[0]}; run the benchmark again")
    found: dict[tuple[Panel, str, str, str, float], list[Test]] = {}
    for row in table[table["tested"] == "True"].to_dict("records"):
        panel = Panel(*(str(row[name]) for name in ("dataset", "protocol", "acquisition", "size", "recogniser")))
        key = (panel, str(row["method"]), str(row["preset"]), str(row["mask_source"]), float(row["target"]))
        found.setdefault(key, []).append(_test(row))
    return Support({key: tuple(tests) for key, tests in found.items()}, known=True)


def _test(row: Mapping[object, object]) -> Test:
    difference, p_holm = _number(row["difference"]), _number(row["p_holm"])
    better = difference is not None and p_holm is not None and difference < 0 and p_holm < SIGNIFICANT
    return Test(
        other=str(row["other"]),
        difference=0.0 if difference is None else difference,
        ci_low=_number(row["ci_low"]),
        ci_high=_number(row["ci_high"]),
        p_holm=p_holm,
        better=better,
    )


def _number(value: object) -> float | None:
    found = float(str(value) or "nan")
    return found if math.isfinite(found) else None
