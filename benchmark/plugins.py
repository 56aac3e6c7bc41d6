"""The five registries and their decorators. Importing this module imports no plugin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from benchmark.errors import PluginError
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

C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable[..., Any])


@overload
def register_metric(name: str) -> Callable[[C], C]: ...
@overload
def register_metric(name: str, *, kind: str, **settings: Any) -> Callable[[F], F]: ...
def register_metric(name: str, *, kind: str = "", **settings: Any) -> Callable[[Any], Any]:
    """Decorator that registers a metric: a class, or with `kind` one function.

    Args:
        name: as in the column ``metric``.
        kind: of a function: what it is given, see `benchmark.verification.metric_functions.metric_class`.
        settings: of a function: what a class would say in its attributes, as ``higher_is_better=False, share=True``.

    Raises:
        PluginError: the name is taken, a function without kind, or a class with one.
    """

    def decorate(written: Any) -> Any:
        if isinstance(written, type):
            if kind or settings:
                raise PluginError(f"metric '{name}' is a class: its base is its kind, and its attributes its settings")
            return METRICS.register(name)(written)
        if not kind:
            raise PluginError(
                f"metric '{name}' is a function and needs its kind, as @register_metric('{name}', kind='score')"
            )
        from benchmark.verification.metric_functions import metric_class  # noqa: PLC0415 (names alone need no NumPy)

        METRICS.register(name)(metric_class(name, written, kind, settings))
        return written

    return decorate


KINDS: dict[str, Registry[Any]] = {
    registry.kind: registry for registry in (DATASETS, MASKS, METHODS, RECOGNISERS, METRICS)
}
"""The five kinds by the name the command line uses, in the order of the pipeline."""
