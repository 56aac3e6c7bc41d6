"""Plugins that a program hands over as classes or objects: they get a name for the time of a run."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from benchmark.errors import RequestError
from benchmark.plugin_code.keys import remember_object
from benchmark.plugins import KINDS
from benchmark.registry import Registry

KIND_OF_SETTING: Mapping[str, str] = {
    "dataset": "datasets",
    "masks": "masks",
    "methods": "methods",
    "recognisers": "recognisers",
    "train_dataset": "datasets",
}
"""Settings of `RunConfig` that name plugins, and the plugins' kind."""


@contextmanager
def named(settings: Mapping[str, Any], metrics: Any = ()) -> Iterator[dict[str, Any]]:
    """The settings with a name in place of every class and object; the names are known inside the context.

    A class that is registered keeps its name. Any other is named after itself, ``MyMethod`` as ``my-method``, or by its
    attribute ``name``; `benchmark.plugins` no longer knows it afterwards.

    Args:
        settings: of `RunConfig`.
        metrics: further metrics, as names, classes or objects.

    Raises:
        RequestError: two objects have one name, or an object is no plugin of its kind.
    """
    added: list[tuple[Registry[Any], str]] = []

    def name_of(kind: str, given: Any) -> Any:
        if given is None or isinstance(given, str):
            return given
        registry = KINDS[kind]
        cls = given if isinstance(given, type) else _handing_out(given)
        name = registry.name_of(cls) or getattr(given, "name", "") or _spelled(type(given) if cls is not given else cls)
        if (registry, name) in added:
            raise RequestError(f"two {kind} that were handed over are called '{name}'; give each its own `name`")
        if registry.name_of(cls) is None:
            if name in registry:
                raise RequestError(
                    f"the {registry.singular} that was handed over is called '{name}', as is {registry.origin(name)}; "
                    "give it another `name`"
                )
            registry.register(name)(cls)
            added.append((registry, name))
        registry.load(name)  # refuses what is no plugin of this kind
        return name

    try:
        resolved = dict(settings)
        for setting, kind in KIND_OF_SETTING.items():
            value = settings.get(setting)
            if isinstance(value, list | tuple):
                resolved[setting] = tuple(name_of(kind, one) for one in value)
            elif setting in settings:
                resolved[setting] = name_of(kind, value)
        for metric in metrics if isinstance(metrics, list | tuple) else (metrics,):
            KINDS["metrics"].load(name_of("metrics", metric))
        yield resolved
    finally:
        for registry, name in added:
            registry.forget(name)


def _handing_out(given: Any) -> type:
    """A subclass of the object's class that makes copies of the object, whatever arguments it is given.

    The rest of the program creates every plugin from its class. The object is copied because a run may change it (fit a
    method, for example); the copy keeps the settings that the object was created with, including device and seed.
    Results are stored under a digest of the present state of the object.
    """
    cls = type(given)
    kept = copy.copy(given)
    remember_object(kept)

    def hand_out(_: type, *__: Any, **___: Any) -> Any:
        return copy.copy(kept)

    about = {"__module__": cls.__module__, "__qualname__": f"{cls.__qualname__} object", "__doc__": cls.__doc__}
    return type(cls.__name__, (cls,), {"__new__": hand_out, **about})


def _spelled(cls: type) -> str:
    """
    >>> class MyFirstGAN: ...
    >>> _spelled(MyFirstGAN)
    'my-first-gan'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", cls.__name__).lower().strip("_")
