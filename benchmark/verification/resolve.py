"""From names of metrics to metrics, and to what a run's manifest says of them."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.errors import PluginError, RequestError
from benchmark.plugins import METRICS
from benchmark.verification.base import KINDS, Metric
from benchmark.verification.metric_description import MetricDescription
from benchmark.verification.weighted_metric import WeightedMetric

log = logging.getLogger(__name__)


def load_metrics(
    names: Sequence[str] | None = None,
    *,
    weights: Mapping[str, Path] | None = None,
    device: str = "cpu",
    left_out: dict[str, str] | None = None,
) -> dict[str, Metric]:
    """The metrics of these names; all that are registered if None.

    Args:
        names: registered ones.
        weights: files that the user named, by metric.
        device: a torch device name, for metrics that have a network.
        left_out: takes the metrics that cannot be imported or are not available here, with the reason; a warning names
            them too, except those that nobody named a file of weights for.

    Raises:
        RequestError: no such name; or a file that the user named is missing, of another network, or for a metric that
            takes none.
        PluginError: a metric is of no kind that is measured, or lacks the method of its kind; or two metrics write
            rows of one name.
    """
    loaded: dict[str, Metric] = {}
    for name in METRICS.names() if names is None else names:
        try:
            cls: Any = METRICS.load(name)
        except PluginError as error:  # one broken plugin must not stop the rest
            _leave_out(name, str(error), left_out)
            continue
        _check(name, cls)
        if issubclass(cls, WeightedMetric):
            weighted = _weighted(name, cls, (weights or {}).get(name), device=device, left_out=left_out)
            loaded |= {} if weighted is None else {name: weighted}
            continue
        if name in (weights or {}):
            raise RequestError(f"--weights {name}: this metric takes no file; leave --weights out")
        availability = cls.availability()
        if availability.available:
            loaded[name] = cls()
        else:
            _leave_out(name, availability.reason, left_out)
    described(loaded)
    return loaded


def described(metrics: Mapping[str, Metric]) -> dict[str, MetricDescription]:
    """The description of every name that the metrics' rows carry in their column ``metric``.

    Raises:
        PluginError: two metrics write rows of one name, or a description is not valid.
    """
    found: dict[str, MetricDescription] = {}
    writer: dict[str, str] = {}
    for name, metric in metrics.items():
        try:
            own = metric.descriptions(name)
        except ValueError as error:
            reason = str(error).splitlines()
            raise PluginError(
                f"metric '{name}' ({METRICS.origin(name)}) has a wrong description of itself: {' '.join(reason[1:3])}; "
                "see benchmark.verification.base.Metric"
            ) from error
        for row in own:
            if row in writer:
                raise PluginError(
                    f"the metrics '{writer[row]}' and '{name}' both write rows called '{row}'; rename one"
                )
            writer[row] = name
        found |= own
    return found


def _weighted(
    name: str, cls: type[WeightedMetric], given: Path | None, *, device: str, left_out: dict[str, str] | None
) -> WeightedMetric | None:
    """The metric, whose weights are a file. Most users have none: then it is left out without a warning."""
    found = cls.availability(given)
    if not found.available:
        if given is not None:
            raise RequestError(f"metric '{name}' does not work here: {found.reason}")
        _leave_out(name, found.reason, left_out, level=logging.INFO)
        return None
    try:
        return cls(weights=given, device=device)
    except PluginError as error:
        if given is not None:
            raise RequestError(f"--weights {name}: {error}") from error
        _leave_out(name, str(error), left_out)
        return None


def _leave_out(name: str, reason: str, left_out: dict[str, str] | None, *, level: int = logging.WARNING) -> None:
    log.log(level, "metric '%s' left out: %s", name, reason)
    if left_out is not None:
        left_out[f"metric {name}"] = reason


def _check(name: str, cls: type[Metric]) -> None:
    origin = METRICS.origin(name)
    if not issubclass(cls, KINDS):
        kinds = ", ".join(kind.__name__ for kind in KINDS)
        raise PluginError(
            f"metric '{name}' ({origin}) inherits from no metric class that is measured; "
            f"make it a subclass of one of: {kinds}"
        )
    lacking = sorted(getattr(cls, "__abstractmethods__", ()))
    if inspect.isabstract(cls):
        raise PluginError(f"metric '{name}' ({origin}) does not define {', '.join(lacking)}()")
