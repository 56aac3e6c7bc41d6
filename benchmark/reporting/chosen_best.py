"""What may be said of a method that was chosen because it was best on the people whom it is reported on.

The highest of several measured recoveries is higher than that method's own (the winner's curse). What remains true
whichever method is chosen are the tests of the run's family: each method against leaving the mask on and against each
baseline, corrected for all of them together (Holm 1979).
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.reporting.export.support import SIGNIFICANT
from benchmark.reporting.formatting import listed
from benchmark.reporting.formatting import target as target_text
from benchmark.reporting.results_index import NO_METHOD, Entry, Panel
from benchmark.verification.difference import Difference

_MASK_ON = "leaving the mask on"


def chosen_among(label: str, count: int, kind: str) -> str:
    """That the best was chosen on these people; empty where there was no choice.

    >>> chosen_among("glcic", 3, "restoration")
    'glcic is the best of 3 restorations on these same people, so its figure is biased in its favour.'
    >>> chosen_among("glcic", 1, "restoration")
    ''
    """
    if count < 2:
        return ""
    return f"{label} is the best of {count} {kind}s on these same people, so its figure is biased in its favour."


def corrected_claim(label: str, entry: Entry, panel: Panel, differences: Sequence[Difference]) -> str:
    """What the tests of the run say of one method before one recogniser; empty where it was not tested.

    Args:
        label: of the method.
        entry: the method.
        panel: the recogniser and its setting.
        differences: of the run; those of other methods are passed over.
    """
    tests = [row for row in differences if row.p_holm is not None and _is_of(row, entry, panel)]
    if not tests or tests[0].target is None:
        return ""
    fewer = [_name(row) for row in tests if _certain(row) and row.difference < 0]
    more = [_name(row) for row in tests if _certain(row) and row.difference > 0]
    open_ = [_name(row) for row in tests if not _certain(row)]
    parts = [f"fewer comparisons than {listed(fewer)}"] if fewer else []
    parts += [f"more than {listed(more)}"] if more else []
    said = f"{label} rejects {' and '.join(parts)}" if parts else ""
    if not fewer and more:
        said = f"{label} rejects more comparisons than {listed(more)}"
    if open_:
        against = f"no difference from {listed(open_)} is certain"
        said = f"{said}; {against}" if said else against
    return (
        f"At FMR {target_text(tests[0].target)}, corrected for all tests of this recogniser and so also for the "
        f"choice of the best: {said}."
    )


def _is_of(row: Difference, entry: Entry, panel: Panel) -> bool:
    setting = (row.dataset, row.protocol, row.acquisition, row.size, row.recogniser)
    return Panel(*setting) == panel and (row.method, row.preset, row.mask_source) == (
        entry.method,
        entry.preset,
        entry.mask_source,
    )


def _certain(row: Difference) -> bool:
    return row.p_holm is not None and row.p_holm < SIGNIFICANT


def _name(row: Difference) -> str:
    return _MASK_ON if row.other == NO_METHOD else row.other
