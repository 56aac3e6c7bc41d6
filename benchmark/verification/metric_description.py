"""What a reader must know of a metric to print and compare its values: said once by its class, stored with every run.

``manifest.json`` holds the description of every metric of a run, so that a stored run can be read, and set beside
another, without the plugins that measured it. This module imports no plugin and neither NumPy nor PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmark.errors import RequestError

MANIFEST_KEY = "metrics"
"""Where ``manifest.json`` keeps the descriptions, by the name in the column ``metric``."""


class MetricDescription(BaseModel):
    """One metric, as its class describes it.

    Attributes:
        title: as tables and figures call it.
        meaning: one line: what it measures.
        kind: what it is measured from: ``"rate"``, ``"score"``, ``"comparison"``, ``"contrast"``, ``"image"``,
            ``"image set"``, ``"mask"``, ``"features"`` or ``"cost"``; empty where nobody knows.
        share: whether the value is a share that is printed times 100.
        unit: beside the printed number: ``"%"``, ``"points"`` (a difference of shares), ``"dB"``, ``"s"``, ``"MiB"``;
            empty where it has none.
        higher_is_better: None where there is no better direction.
        decimals: the decimals of the printed number.
        signed: whether a plus sign is printed: the value is a difference.
        held_to_target: whether a target false match rate bounds it: it is printed with the digits that the target
            needs.
        version: the version of the metric's code.
        weights: SHA-256 of the file of weights that is a part of its definition; empty for most.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str = Field(max_length=200)
    meaning: str = Field(default="", max_length=2000)
    kind: str = Field(default="", max_length=40)
    share: bool = False
    unit: str = Field(default="", max_length=40)
    higher_is_better: bool | None = None
    decimals: int = Field(default=3, ge=0, le=12)
    signed: bool = False
    held_to_target: bool = False
    version: int = 1
    weights: str = Field(default="", max_length=64)


def undescribed(name: str) -> MetricDescription:
    """What is assumed of a metric that nobody describes: a plain number without a better direction.

    >>> undescribed("my_own").title
    'my own'
    """
    return MetricDescription(title=name.replace("_", " "))


def stored_descriptions(manifest: Mapping[str, Any]) -> dict[str, MetricDescription]:
    """The descriptions that a run's manifest holds, by metric; empty for a manifest without them.

    Raises:
        RequestError: they are damaged.
    """
    stored = manifest.get(MANIFEST_KEY, {})
    if not isinstance(stored, Mapping):
        raise RequestError(f"manifest.json is damaged: '{MANIFEST_KEY}' is not an object; run the benchmark again")
    found = {}
    for name, fields in stored.items():
        try:
            found[str(name)] = MetricDescription.model_validate(fields)
        except ValidationError as error:
            reason = error.errors()[0]
            where = ".".join(str(part) for part in reason["loc"])
            raise RequestError(
                f"manifest.json is damaged: the description of metric '{name}' ({where}: {reason['msg']}); "
                "run the benchmark again"
            ) from error
    return found


def common_descriptions(several: Iterable[Mapping[str, MetricDescription]]) -> dict[str, MetricDescription]:
    """The descriptions of several runs together: the first that describes a metric wins.

    Runs that disagree about the better direction, or measured with other weights, leave it undefined.
    """
    found: dict[str, MetricDescription] = {}
    for descriptions in several:
        for name, description in descriptions.items():
            known = found.setdefault(name, description)
            if (known.higher_is_better, known.weights) != (description.higher_is_better, description.weights):
                found[name] = known.model_copy(update={"higher_is_better": None})
    return found
