"""Makes a metric of one function: the decorator's other form.

```python
@register_metric("half-total-error", kind="rate", share=True, higher_is_better=False)
def half_total_error(counts):
    '''Mean of FMR and FNMR.'''
    return (counts.nonmated_matches / counts.nonmated + counts.mated_nonmatches / counts.mated) / 2
```
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from benchmark.errors import PluginError
from benchmark.suggestions import did_you_mean
from benchmark.verification.base import KINDS, Metric

KINDS_BY_NAME: dict[str, type[Metric]] = {kind.kind: kind for kind in KINDS if kind.author_writes}
"""The kinds that a function can be, by the word that the decorator takes."""
_FIXED = {"kind", "author_writes"}


def metric_class(name: str, function: Callable[..., Any], kind: str, settings: dict[str, Any]) -> type[Metric]:
    """The metric whose kind's method is `function`: it takes what the method takes, without ``self``.

    Args:
        name: that it is registered by.
        function: its docstring is the metric's.
        kind: ``"rate"``, ``"score"``, ``"comparison"``, ``"contrast"``, ``"image"``, ``"image set"``, ``"mask"`` or
            ``"features"``; the base classes in `benchmark.verification.base` say what each is given and returns.
        settings: class attributes of the kind: `higher_is_better`, `share`, `threshold_kinds` and so on.

    Raises:
        PluginError: no such kind, a setting that the kind does not have, or a function with other parameters.

    >>> def gap(sample, threshold):
    ...     '''Highest mated score.'''
    ...     return float(sample.mated[-1])
    >>> metric_class("gap", gap, "score", {"higher_is_better": True})().descriptions("gap")["gap"].meaning
    'Highest mated score.'
    """
    origin = f"{function.__module__}:{function.__qualname__}"
    if kind not in KINDS_BY_NAME:
        raise PluginError(
            f"metric '{name}' ({origin}) has the unknown kind '{kind}'; kinds are: {', '.join(KINDS_BY_NAME)}"
        )
    base = KINDS_BY_NAME[kind]
    known = {attribute for cls in base.__mro__ for attribute in vars(cls).get("__annotations__", ())} - _FIXED
    for setting in settings:
        if setting not in known:
            hint = did_you_mean(setting, sorted(known), listed="it has")
            raise PluginError(f"metric '{name}' ({origin}) has no setting '{setting}'; {hint}")
    _check_parameters(name, origin, function, base)
    members = {
        "__doc__": function.__doc__,
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
        base.author_writes: staticmethod(function),
        **settings,
    }
    return type(function.__name__, (base,), members)


def _check_parameters(name: str, origin: str, function: Callable[..., Any], base: type[Metric]) -> None:
    """Whether the function can be called as the method is called."""
    wanted = list(inspect.signature(getattr(base, base.author_writes)).parameters.values())[1:]
    fixed = [parameter for parameter in wanted if parameter.kind is not inspect.Parameter.VAR_POSITIONAL]
    try:
        inspect.signature(function).bind(*fixed)
    except TypeError as error:
        expected = ", ".join(str(parameter).partition(":")[0] for parameter in wanted)
        raise PluginError(
            f"metric '{name}' ({origin}) is given ({expected}) but cannot take it: {error}; change its parameters"
        ) from error
