"""The five registries and their decorators. Importing this module imports no plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmark.registry import Registry

if TYPE_CHECKING:
    from benchmark.datasets.base import Dataset
    from benchmark.masking.base import MaskStyle
    from benchmark.methods.base import Method
    from benchmark.recognisers.base import Recogniser
    from benchmark.verification.base import Metric

DATASETS: Registry[Dataset] = Registry("datasets", base="benchmark.datasets.base:Dataset", package="benchmark.datasets")
MASKS: Registry[MaskStyle] = Registry("masks", base="benchmark.masking.base:MaskStyle", package="benchmark.masking")
METHODS: Registry[Method] = Registry("methods", base="benchmark.methods.base:Method", package="benchmark.methods")
RECOGNISERS: Registry[Recogniser] = Registry(
    "recognisers", base="benchmark.recognisers.base:Recogniser", package="benchmark.recognisers"
)
METRICS: Registry[Metric] = Registry(
    "metrics", base="benchmark.verification.base:Metric", package="benchmark.verification"
)

register_dataset = DATASETS.register
register_mask = MASKS.register
register_method = METHODS.register
register_recogniser = RECOGNISERS.register
register_metric = METRICS.register

KINDS: dict[str, Registry[Any]] = {
    registry.kind: registry for registry in (DATASETS, MASKS, METHODS, RECOGNISERS, METRICS)
}
"""The five kinds by the name the command line uses, in the order of the pipeline."""
